// In the place of torch's <torch/extension.h>: what extension sources use of it is in front of them already.
#pragma once

#include <kbk/extension.h>

#ifdef KBK_WHOLE_TORCH  // the source speaks of torch::nn or another part that few need
#include <torch/csrc/api/include/torch/all.h>
#endif
