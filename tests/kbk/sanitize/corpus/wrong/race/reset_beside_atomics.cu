// Block 0 sets the counter to zero while the other blocks already count.
// calls: run(count: int32[1] = values(9), x: int32[128] = random)
// expect: kind=race severity=error line=@bug other=@with var=count index=[0]
// shape: order
// gpu: clean
__global__ void positive(int* count, const int* x) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i == 0) *count = 0;  // @with
  __syncthreads();
  if (x[i] >= 0) atomicAdd(count, 1);  // @bug
}
void run(Tensor count, const Tensor& x) { positive<<<4, 32, 0, current_stream()>>>(count.mutable_data_ptr<int>(), x.const_data_ptr<int>()); }
