// torch.empty is not torch.zeros: the kernel adds to what lies there.
// calls: run(out: float32[64] = empty, x: float32[64] = random)
// expect: kind=uninitialized severity=error line=@bug var=out
// shape: simple
// gpu: initcheck=error
__global__ void add(float* out, const float* x) {
  const int i = threadIdx.x;
  out[i] += x[i];  // @bug
}
void run(Tensor out, const Tensor& x) {
  add<<<1, 64, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
