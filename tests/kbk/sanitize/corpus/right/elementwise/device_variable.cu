// A __device__ array begins at zero and keeps what a kernel stores for the next one.
// calls: run(out: int32[32] = zeros, x: int32[32] = random)
// result: out == x.flip(0)
// expect: none
// shape: pointer
__device__ int board[32];
__device__ int untouched;
__global__ void put(const int* x) { board[threadIdx.x] = x[threadIdx.x]; }
__global__ void get(int* out) { out[threadIdx.x] = board[31 - threadIdx.x] + untouched; }
void run(Tensor out, const Tensor& x) {
  put<<<1, 32, 0, current_stream()>>>(x.const_data_ptr<int>());
  get<<<1, 32, 0, current_stream()>>>(out.mutable_data_ptr<int>());
}
