// In the place of <pybind11/functional.h>: kbk/extension/pybind.h binds functions without Python's headers.
#pragma once

#include <kbk/extension.h>
