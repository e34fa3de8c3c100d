// The largest magnitude is kept by atomicMax in a number that nobody set to zero.
// calls: run(scale: int32[1] = empty, x: int32[96] = random)
// expect: kind=uninitialized severity=error line=@bug var=scale index=[0]
// shape: order
// from: kernels.md 15 no. 19 (sglang 40557)
// gpu: initcheck=any
__global__ void largest(int* scale, const int* x) {
  atomicMax(scale, x[blockIdx.x * blockDim.x + threadIdx.x]);  // @bug
}
void run(Tensor scale, const Tensor& x) {
  largest<<<3, 32, 0, current_stream()>>>(scale.mutable_data_ptr<int>(), x.const_data_ptr<int>());
}
