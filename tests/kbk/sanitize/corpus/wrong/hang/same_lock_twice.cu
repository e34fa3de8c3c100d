// Both ends of a transfer are locked, also where they are one account: the second lock is the one already taken.
// calls: run(accounts: int32[3, 2] = values(0, 10), source: int32[4] = values(0, 1, 2, 0), target: int32[4] = values(1, 1, 0, 2))
// expect: kind=hang severity=error line=@bug
// shape: pointer
// gpu: skip: endless
struct Account {
  int lock;
  int sum;
};
__device__ void take(Account* a) {
  while (atomicCAS(&a->lock, 0, 1) != 0) {  // @bug
  }  // @bug
  __threadfence();
}
__device__ void give(Account* a) {
  __threadfence();
  atomicExch(&a->lock, 0);
}
__global__ void transfer(Account* accounts, const int* source, const int* target) {
  for (int k = 0; k < 4; ++k) {
    Account *a = accounts + source[k], *b = accounts + target[k];
    take(a);
    take(b);
    a->sum -= 1;
    b->sum += 1;
    give(b);
    give(a);
  }
}
void run(Tensor accounts, const Tensor& source, const Tensor& target) {
  transfer<<<1, 1, 0, current_stream()>>>(static_cast<Account*>(accounts.data_ptr()), source.const_data_ptr<int>(), target.const_data_ptr<int>());
}
