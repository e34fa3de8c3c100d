// A length of -1 read as an unsigned number is four billion.
// calls: run(out: float32[3] = zeros, x: float32[3, 40] = random, lengths: int32[3] = values(40, 7, -1))
// expect: kind=out-of-bounds severity=error line=@bug block=[2,0,0] var=x
// shape: loop
// from: kernels.md 15 no. 3 (sglang 30378)
// gpu: memcheck=error racecheck=any initcheck=any synccheck=any
__global__ void sums(float* out, const float* x, const int* lengths) {
  const unsigned length = lengths[blockIdx.x];
  float sum = 0;
  for (unsigned k = 0; k < length; ++k) {
    sum += x[blockIdx.x * 40 + k];  // @bug
  }
  out[blockIdx.x] = sum;
}
void run(Tensor out, const Tensor& x, const Tensor& lengths) {
  sums<<<3, 1, 0, current_stream()>>>(out.mutable_data_ptr<float>(), x.const_data_ptr<float>(), lengths.const_data_ptr<int>());
}
