// The kernel gets the address of a variable of the host function.
// calls: run(out: int32[1] = zeros)
// expect: kind=out-of-bounds severity=error line=@bug
// shape: pointer
// gpu: memcheck=any racecheck=any initcheck=any synccheck=any
__global__ void read(int* out, const int* n) {
  const int v = *n;  // @bug
  out[0] = v;
}
void run(Tensor out) {
  int n = int(out.numel());
  read<<<1, 1, 0, current_stream()>>>(out.mutable_data_ptr<int>(), &n);
}
