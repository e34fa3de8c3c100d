// A __device__ variable is one for all blocks.
// calls: run(out: int32[8] = zeros, x: int32[8] = random)
// expect: kind=race severity=error line=@bug other=@bug
// shape: simple
// gpu: clean
__device__ int total;
__global__ void add(const int* x) {
  total = total + x[blockIdx.x];  // @bug
}
__global__ void get(int* out) { out[threadIdx.x] = total; }
void run(Tensor out, const Tensor& x) {
  add<<<8, 1, 0, current_stream()>>>(x.const_data_ptr<int>());
  get<<<1, 8, 0, current_stream()>>>(out.mutable_data_ptr<int>());
}
