// main() of a program of the corpus: makes the arguments that the command line names, calls run, writes the storages back.
//
//   program FOLDER WORD...     a word per argument, in order:
//     t:NAME:DTYPE:BYTES:OFFSET:SIZES:STRIDES:FILE   a tensor; SIZES and STRIDES joined by "x"; FILE in FOLDER holds the
//                                                    storage's bytes; "-" leaves the storage as cudaMalloc gives it
//     i:NUMBER, f:NUMBER, b:0 or b:1                 a scalar
//
// After the call FOLDER/out.NAME holds each storage and FOLDER/out.result what run returned. Ends with 1 after a CUDA error.
#pragma once

#include "kbk_standalone.h"

namespace kbk_standalone {

inline std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) parts.emplace_back();
    else parts.back() += c;
  }
  return parts;
}

inline std::vector<int64_t> numbers(const std::string& text) {
  std::vector<int64_t> values;
  for (const std::string& part : split(text, 'x')) values.push_back(std::stoll(part));
  return values;
}

inline ScalarType dtype(const std::string& name) {
  static const std::map<std::string, ScalarType> types = {
      {"uint8", ScalarType::Byte},     {"int8", ScalarType::Char},      {"int32", ScalarType::Int},
      {"int64", ScalarType::Long},     {"float16", ScalarType::Half},   {"float32", ScalarType::Float},
      {"float64", ScalarType::Double}, {"bfloat16", ScalarType::BFloat16}};
  return types.at(name);
}

// A word of the command line; converts to whatever type the parameter has.
struct Word {
  std::string name, text;
  Tensor tensor;
  operator Tensor() const { return tensor; }
  operator int64_t() const { return std::stoll(text); }
  operator double() const { return std::stod(text); }
  operator bool() const { return text == "1"; }
};

inline Word read(const std::string& folder, const std::string& word) {
  if (word[0] != 't') return Word{"", word.substr(2), Tensor()};
  const std::vector<std::string> part = split(word, ':');
  const int64_t bytes = std::stoll(part.at(3));
  void* storage = nullptr;
  KBK_STANDALONE_CUDA(cudaMalloc(&storage, bytes));
  if (part.at(7) != "-") {
    std::vector<char> held(bytes);
    std::FILE* file = std::fopen((folder + "/" + part[7]).c_str(), "rb");
    if (file == nullptr || std::fread(held.data(), 1, bytes, file) != size_t(bytes)) std::exit(5);
    std::fclose(file);
    KBK_STANDALONE_CUDA(cudaMemcpy(storage, held.data(), bytes, cudaMemcpyHostToDevice));
  }
  return Word{part[1], "", Tensor(storage, bytes, dtype(part[2]), std::stoll(part[4]), numbers(part[5]), numbers(part[6]))};
}

inline void write(const std::string& folder, const std::string& name, const Tensor& tensor) {
  std::vector<char> held(tensor.storage_bytes());
  KBK_STANDALONE_CUDA(cudaMemcpy(held.data(), tensor.storage(), held.size(), cudaMemcpyDeviceToHost));
  std::FILE* file = std::fopen((folder + "/out." + name).c_str(), "wb");
  if (file == nullptr || std::fwrite(held.data(), 1, held.size(), file) != held.size()) std::exit(6);
  std::fclose(file);
}

template <class P>
std::remove_cv_t<std::remove_reference_t<P>> as(const Word& word) {
  return word;
}

template <class... P, size_t... I>
void call(void (*run)(P...), const std::vector<Word>& words, const std::string&, std::index_sequence<I...>) {
  run(as<P>(words.at(I))...);
}
template <class... P, size_t... I>
void call(Tensor (*run)(P...), const std::vector<Word>& words, const std::string& folder, std::index_sequence<I...>) {
  const Tensor result = run(as<P>(words.at(I))...);
  write(folder, "result", result);
}

template <class R, class... P>
int main_of(R (*run)(P...), int count, char** arguments) {
  if (count != int(sizeof...(P)) + 2) return 2;
  const std::string folder = arguments[1];
  std::vector<Word> words;
  for (int i = 2; i < count; ++i) words.push_back(read(folder, arguments[i]));
  call(run, words, folder, std::index_sequence_for<P...>());
  const cudaError_t launched = cudaGetLastError();
  const cudaError_t ran = cudaDeviceSynchronize();
  if (launched != cudaSuccess || ran != cudaSuccess) {
    std::fprintf(stderr, "%s\n", cudaGetErrorString(launched != cudaSuccess ? launched : ran));
    return 1;
  }
  // Only what somebody wrote is copied back: initcheck would call a copy of the rest an access to uninitialised memory.
  if (std::getenv("KBK_NO_OUTPUT") == nullptr)
    for (const Word& word : words)
      if (!word.name.empty()) write(folder, word.name, word.tensor);
  return 0;
}

}  // namespace kbk_standalone

#define KBK_STANDALONE_MAIN \
  int main(int count, char** arguments) { return kbk_standalone::main_of(&run, count, arguments); }
