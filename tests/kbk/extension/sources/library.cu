#include <torch/all.h>
#include <torch/library.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>

__global__ void add_kernel(float* x, int64_t n, float a) {
  int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) x[i] += a;
}
void add_(at::Tensor& x, double a) {
  const c10::cuda::OptionalCUDAGuard guard(device_of(x));
  if (x.numel()) add_kernel<<<(x.numel() + 255) / 256, 256, 0, at::cuda::getCurrentCUDAStream()>>>(x.data_ptr<float>(), x.numel(), a);
}
at::Tensor plus(const at::Tensor& x, double a) { auto y = x.clone(); add_(y, a); return y; }
at::Tensor shape_of(const at::Tensor& x, double a) { return at::empty_like(x); }
at::Tensor on_the_host(const at::Tensor& x, double a) { return x - 1000; }
at::Tensor twice(const at::Tensor& x) { return x * 2; }
at::Tensor thrice(const at::Tensor& x) { return x * 3; }
at::Tensor inferred(at::Tensor x, int64_t k, c10::optional<double> z) { return x + k; }
at::Tensor& in_place(at::Tensor& x) { add_(x, 1); return x; }

TORCH_LIBRARY_FRAGMENT(kbk_test_ops, m) { m.def("early(Tensor x) -> Tensor", &twice); }
TORCH_LIBRARY(kbk_test_ops, m) {
  m.def("add_(Tensor(a!) x, float a=1.0) -> ()");
  m.def("plus(Tensor x, float a=1) -> Tensor");
  m.def("twice", &twice);
  m.def("inferred", inferred);
  m.def("kbk_test_ops::spelled(Tensor x) -> Tensor");
  m.impl("kbk_test_ops::spelled", torch::kCUDA, &twice);
  m.def("lambda_(Tensor x) -> Tensor", [](const at::Tensor& x) { return x + 5; });
  m.def("in_place(Tensor(a!) x) -> Tensor(a!)");
  m.def("unfinished(Tensor x) -> Tensor");
  m.def("only_on_host(Tensor x, float a) -> Tensor");
  m.def("tagged(Tensor x) -> Tensor", {at::Tag::pt2_compliant_tag});
  m.impl("tagged", torch::dispatch(c10::DispatchKey::CompositeExplicitAutograd, TORCH_FN(twice)));
  m.def("variant(Tensor x) -> Tensor", &twice);
  m.def("variant.by(Tensor x, int k) -> Tensor", [](const at::Tensor& x, int64_t k) { return x * k; });
}
TORCH_LIBRARY_IMPL(kbk_test_ops, CUDA, m) {
  m.impl("add_", &add_);
  m.impl("plus", TORCH_FN(plus));
  m.impl("in_place", &in_place);
}
TORCH_LIBRARY_IMPL(kbk_test_ops, CPU, m) { m.impl("plus", &on_the_host).impl("only_on_host", &on_the_host); }
TORCH_LIBRARY_IMPL(kbk_test_ops, Meta, m) { m.impl("plus", &shape_of); }
TORCH_LIBRARY(kbk_test_others, m) {
  m.def("elsewhere(Tensor x) -> Tensor", &thrice);
  m.def("twice(Tensor x) -> Tensor", &thrice);
}
