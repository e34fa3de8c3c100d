// The kernel takes the rows of a slice for dense ones: inside the storage, but not inside the tensor it was given.
// calls: run(out: float32[4, 8] = nan, x: float32[4, 32][:, :8] = random)
// expect: kind=out-of-bounds severity=info line=@bug var=x
// shape: simple
// from: kernels.md 15 no. 23, q and k as slices of a fused tensor
// gpu: clean
__global__ void copy(float* out, const float* x) {
  const int i = threadIdx.x;
  out[i] = x[i];  // @bug
}
void run(Tensor out, const Tensor& x) {
  copy<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
