// Each thread stores over the element that its left neighbour still has to load.
// calls: run(x: float32[129] = random)
// expect: kind=race severity=error line=@bug other=@bug,@with var=x
// shape: simple
// from: kernels.md 15 (g), an in-place hazard
// gpu: clean
__global__ void shift(float* x) {
  const int i = threadIdx.x;
  const float v = x[i + 1];  // @with
  x[i] = v;  // @bug
}
void run(Tensor x) { shift<<<1, 128, 0, current_stream()>>>(x.mutable_data_ptr<float>()); }
