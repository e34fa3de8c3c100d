// Two threads set their byte of a word by loading and storing the whole word.
// calls: run(out: int32[32] = zeros)
// expect: kind=race severity=error line=@bug other=@bug var=words
// shape: function
// gpu: racecheck=error
__device__ void set_byte(unsigned* word, int byte, unsigned value) {
  *word = (*word & ~(0xffu << 8 * byte)) | value << 8 * byte;  // @bug
}
__global__ void pack(unsigned* out) {
  __shared__ unsigned words[32];
  const int i = threadIdx.x;
  if (i < 32) words[i] = 0;
  __syncthreads();
  set_byte(&words[i % 32], i / 32, i);
  __syncthreads();
  if (i < 32) out[i] = words[i];
}
void run(Tensor out) { pack<<<1, 128, 0, current_stream()>>>(static_cast<unsigned*>(out.data_ptr())); }
