// CUB's helper types: KeyValuePair and NullType.
#pragma once

#include "thread/thread_operators.cuh"
#include "version.cuh"
