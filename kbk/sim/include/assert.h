// The shim's <assert.h>.
#include "cassert"
