#include <torch/extension.h>
#include <ATen/cuda/CUDAContext.h>
namespace {
__constant__ float weights[4] = {1, 2, 3, 4};
template <typename scalar_t>
__global__ void weigh_kernel(scalar_t* __restrict__ out, const scalar_t* __restrict__ x, int64_t n) {
  int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = x[i] * static_cast<scalar_t>(weights[i % 4]);
}
}  // namespace
using namespace torch;

Tensor weigh(const Tensor& x) {
  Tensor out = torch::zeros_like(x);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "weigh", [&] {
    weigh_kernel<scalar_t><<<1, 64, 0, at::cuda::getCurrentCUDAStream()>>>(out.data_ptr<scalar_t>(), x.data_ptr<scalar_t>(), x.numel());
  });
  return out;
}
Tensor set_weight(Tensor x, float value) {
  cudaMemcpyToSymbol(weights, &value, sizeof(float));
  Tensor out = weigh(x);
  value = 1;
  cudaMemcpyToSymbol(weights, &value, sizeof(float));
  return out;
}

class Weigh : public torch::autograd::Function<Weigh> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* ctx, Tensor x) { return weigh(x); }
  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::tensor_list grads) {
    return {weigh(grads[0].contiguous())};
  }
};
Tensor differentiable(Tensor x) { return Weigh::apply(x); }
Tensor polynomial(Tensor x) { return x * x + 3 * x; }

void fail(int kind, const Tensor& x) {
  if (kind == 0) TORCH_CHECK(false);
  if (kind == 1) TORCH_CHECK(x.dim() == 2, "x must be 2-D, got ", x.sizes());
  if (kind == 2) TORCH_CHECK_VALUE(false, "a value");
  if (kind == 3) TORCH_CHECK_INDEX(false, "an index");
  if (kind == 4) TORCH_CHECK_TYPE(false, "a type");
  if (kind == 5) TORCH_CHECK_NOT_IMPLEMENTED(false, "not done");
  if (kind == 6) throw std::runtime_error("at run time\nin two lines");
  if (kind == 7) throw std::invalid_argument("invalid");
  if (kind == 8) throw std::out_of_range("too far");
  if (kind == 9) AT_ERROR("an error of AT, ", kind);
  if (kind == 10) TORCH_INTERNAL_ASSERT(false, "inside");
  if (kind == 11) throw 3;
  if (kind == 12) (void)x.view({7, 7});
  if (kind == 13) (void)x.select(0, 99);
  if (kind == 14) throw py::value_error("of pybind");
  if (kind == 15) throw py::index_error("of pybind");
  if (kind == 16) throw py::type_error("of pybind");
}
