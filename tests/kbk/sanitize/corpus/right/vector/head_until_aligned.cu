// calls: run(out: float32[64] = nan, x: float32[80][1:65] = random)
// result: out == x
// expect: none
// shape: simple
__global__ void copy(float* out, const float* x, int n) {
  const int i = threadIdx.x;
  const int head = int((16 - reinterpret_cast<uintptr_t>(x) % 16) % 16 / 4);
  const int vectors = (n - head) / 4;
  if (i < head) out[i] = x[i];
  if (i < vectors) {
    const float4 v = reinterpret_cast<const float4*>(x + head)[i];
    float* o = out + head + 4 * i;
    o[0] = v.x, o[1] = v.y, o[2] = v.z, o[3] = v.w;
  }
  for (int k = head + 4 * vectors + i; k < n; k += blockDim.x) out[k] = x[k];
}
void run(Tensor out, const Tensor& x) {
  copy<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), x.numel());
}
