// The members are stored one by one, the struct is copied whole: its padding has never been written.
// calls: run(out: float64[32] = zeros, x: float64[32] = random)
// result: out == x.flip(0) + torch.arange(31, -1, -1, device=x.device)
// expect: none
// shape: pointer
// gpu: initcheck=any
struct Entry {
  double value;
  int index;
};
__global__ void reverse(double* out, const double* x) {
  __shared__ Entry entries[32];
  const int i = threadIdx.x;
  entries[i].value = x[i];
  entries[i].index = i;
  __syncthreads();
  const Entry other = entries[31 - i];
  out[i] = other.value + other.index;
}
void run(Tensor out, const Tensor& x) { reverse<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<double>(), x.const_data_ptr<double>()); }
