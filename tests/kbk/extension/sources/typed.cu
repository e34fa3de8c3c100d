#include <torch/extension.h>
#include <c10/util/Optional.h>

__global__ void add_kernel(float* x, const float* y, int64_t n) {
  int64_t i = blockIdx.x * int64_t(blockDim.x) + threadIdx.x;
  if (i < n) x[i] += y[i];
}

static void go(at::Tensor x, at::Tensor y) {
  if (x.numel() == 0) return;
  add_kernel<<<(x.numel() + 255) / 256, 256>>>(x.data_ptr<float>(), y.const_data_ptr<float>(), x.numel());
}

void by_value(at::Tensor x, torch::Tensor y) { go(x, y); }
void by_const(const at::Tensor& x, const torch::Tensor& y) { go(x, y); }
void by_reference(at::Tensor& x, at::Tensor& y) { go(x, y); }

std::string scalars(int a, float b, bool c, double d, int64_t e, size_t f, uint8_t g) {
  std::ostringstream text;
  text << a << ' ' << b << ' ' << c << ' ' << d << ' ' << e << ' ' << f << ' ' << int(g);
  return text.str();
}
std::string text_of(std::string a, const std::string& b, std::string_view c, const char* d) {
  return a + b + std::string(c) + d;
}
bool optionals(std::optional<at::Tensor> x, c10::optional<int64_t> n, const std::optional<at::Tensor>& y, std::optional<double> d = std::nullopt) {
  return x.has_value() && !n && !y.has_value() && d.value_or(2.5) == 2.5;
}
int64_t lists(std::vector<at::Tensor> xs, at::TensorList ys, at::IntArrayRef k, const std::vector<double>& d,
              std::vector<int> ints, std::vector<std::string> s, std::vector<bool> flags) {
  return xs.size() + 10 * ys.size() + 100 * k.size() + 1000 * d.size() + 10000 * ints.size() + 100000 * s.size() + 1000000 * flags.size();
}
std::string kinds(at::ScalarType t, c10::Scalar s, at::Device d, torch::Dtype u = torch::kFloat) {
  std::ostringstream text;
  text << t << ' ' << s << ' ' << d << ' ' << u;
  return text.str();
}
std::tuple<at::Tensor, at::Tensor> two(at::Tensor x) { return {x + 1, x * 2}; }
std::vector<at::Tensor> several(at::Tensor x) { return {x + 1, x + 2, x + 3}; }
std::pair<at::Tensor, int64_t> pair(at::Tensor x) { return {x, 7}; }
std::tuple<int64_t, double, bool, std::string> mixed() { return {1, 2.5, true, "x"}; }
std::optional<at::Tensor> maybe(bool there) { return there ? std::make_optional(torch::ones({2})) : std::nullopt; }
std::vector<int64_t> integers() { return {1, 2, 3}; }
std::vector<std::vector<int64_t>> nested(std::vector<std::vector<int64_t>> x) { return x; }
at::ScalarType dtype(at::Tensor x) { return x.scalar_type(); }
at::Tensor undefined() { return at::Tensor(); }
float single() { return 0.5f; }
int narrow(int n = -3) { return n; }
at::Scalar scalar(at::Scalar x) { return x; }
const char* words() { return "words"; }
void nothing() {}
void launch_too_large(at::Tensor x) { add_kernel<<<1, 4096>>>(x.data_ptr<float>(), x.data_ptr<float>(), 1); }
