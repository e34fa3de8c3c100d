// The template's tile is two elements wider than what the host function asks for.
// calls: run(out: float32[32] = nan, x: float32[34] = random)
// expect: kind=out-of-bounds severity=error line=@bug
// shape: template
// gpu: memcheck=any racecheck=any initcheck=any
template <typename T, int Halo>
__global__ void smooth(T* out, const T* x) {
  extern __shared__ unsigned char bytes[];
  T* tile = reinterpret_cast<T*>(bytes);
  const int i = threadIdx.x;
  for (int k = i; k < int(blockDim.x) + Halo; k += blockDim.x) {
    tile[k] = x[k];  // @bug
  }
  __syncthreads();
  out[i] = tile[i];
}
void run(Tensor out, const Tensor& x) {
  smooth<float, 2><<<1, 32, 32 * sizeof(float), current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>());
}
