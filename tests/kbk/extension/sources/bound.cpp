#include <torch/extension.h>
#include <limits>
torch::Tensor weigh(const torch::Tensor& x);
torch::Tensor set_weight(torch::Tensor x, float value);
torch::Tensor differentiable(torch::Tensor x);
torch::Tensor polynomial(torch::Tensor x);
void fail(int kind, const torch::Tensor& x);

#define CHECK_CUDA(x) TORCH_CHECK(x.device().is_cuda(), #x " must be a CUDA tensor")
torch::Tensor checked(torch::Tensor x) {
  CHECK_CUDA(x);
  return weigh(x.contiguous());
}

struct Counter {
  static int count;
  static int next(int by) { return count += by; }
};
int Counter::count = 0;

torch::Tensor named(torch::Tensor self, int from, int lambda, double in) { return self * from + lambda * in; }

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.doc() = "What the module is for.";
  m.def("weigh", &weigh, "Weighs.\n\nLines of \"docs\".", py::arg("x"));
  m.def("set_weight", &set_weight).def("differentiable", &differentiable, "f");
  m.def("polynomial", &polynomial);
  m.def("fail", &fail, py::arg("kind"), py::arg("x"));
  m.def("checked", &checked);
  m.def("next", &Counter::next, py::arg("by") = 1);
  m.def("named", &named, py::arg("self"), py::arg("from"), py::arg("lambda") = 3, py::arg("in") = 0.5);
  m.def("defaults",
        [](at::Tensor x, int i, double f, bool b, std::optional<at::Tensor> t, std::string s, float high, double small, double low,
           std::optional<int64_t> o, std::vector<int64_t> v, double whole) {
          std::ostringstream text;
          text << i << ' ' << f << ' ' << b << ' ' << t.has_value() << ' ' << s << ' ' << high << ' ' << small << ' ' << low << ' '
               << o.has_value() << ' ' << v.size() << ' ' << whole;
          return text.str();
        },
        py::arg("x"), py::arg("i") = 3, py::arg("f") = 2.5, py::arg("b") = true, py::arg("t") = py::none(),
        py::arg("s") = "a \"b\" \\c", py::arg("high") = std::numeric_limits<float>::infinity(), py::arg("small") = 1e-5,
        py::arg("low") = -std::numeric_limits<double>::infinity(), py::arg("o") = std::nullopt,
        py::arg("v") = std::vector<int64_t>{1, 2}, py::arg("whole") = 4);
  m.def("keyword_only", [](at::Tensor x, bool flag) { return flag; }, py::arg("x"), py::kw_only(), py::arg("flag") = false);
  m.def("released", [](at::Tensor x) { py::gil_scoped_release no_gil; return x + 1; }, py::call_guard<py::gil_scoped_release>());
}
