// Device printf and assert.
#pragma once

#include <cstdio>

#include "cassert"
#include "kbk_runtime.h"

#define printf(...) ::kbk::print(__VA_ARGS__)
