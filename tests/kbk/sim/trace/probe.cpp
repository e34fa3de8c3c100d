// Every kind of access for which compilers emit a callback; see test_trace_symbols.py. Compiled, never run.
#include <cstdint>
#include <cstring>

struct Three {
  float x, y, z;
};
struct __attribute__((packed)) Packed {
  char c;
  short s;
  int i;
  long l;
};
struct Large {
  double at[12];
};
typedef float Wide __attribute__((vector_size(16)));

template <class T>
void plain(T* p, T* q) {
  *p = *q;
}
template <class T>
void compound(T* p) {
  *p += 1;
}
template <class T>
void twice(volatile T* p, volatile T* q) {
  *p = *q;
}
template void plain(std::uint8_t*, std::uint8_t*);
template void plain(std::uint16_t*, std::uint16_t*);
template void plain(std::uint32_t*, std::uint32_t*);
template void plain(std::uint64_t*, std::uint64_t*);
template void plain(Wide*, Wide*);
template void plain(Three*, Three*);
template void plain(Large*, Large*);
template void compound(std::uint8_t*);
template void compound(std::uint16_t*);
template void compound(std::uint32_t*);
template void compound(std::uint64_t*);
template void twice(volatile std::uint8_t*, volatile std::uint8_t*);
template void twice(volatile std::uint16_t*, volatile std::uint16_t*);
template void twice(volatile std::uint32_t*, volatile std::uint32_t*);
template void twice(volatile std::uint64_t*, volatile std::uint64_t*);
template void twice(volatile Wide*, volatile Wide*);

void packed(Packed* p, const Packed* q) {
  p->s = q->s;
  p->i = q->i;
  p->l = q->l;
}
void unaligned(char* to, const char* from) {
  std::uint16_t a;
  std::uint32_t b;
  std::uint64_t c;
  std::memcpy(&a, from, 2);
  std::memcpy(&b, from + 3, 4);
  std::memcpy(&c, from + 9, 8);
  ++a, ++b, ++c;
  std::memcpy(to, &a, 2);
  std::memcpy(to + 3, &b, 4);
  std::memcpy(to + 9, &c, 8);
}
void library(char* to, const char* from, std::size_t n) {
  std::memcpy(to, from, n);
  std::memmove(to + n, from, n);
  std::memset(to + 2 * n, 0, n);
}

struct Base {
  virtual ~Base();
  virtual int f();
};
struct Derived : Base {
  ~Derived() override;
};
Derived::~Derived() {}
int virtual_call(Base* b) { return b->f(); }

int counter();
int guarded() {
  static int first = counter();
  return first;
}

template <class T>
T atomics(T* p, T v) {
  T all = __atomic_load_n(p, __ATOMIC_RELAXED);
  __atomic_store_n(p, v, __ATOMIC_RELEASE);
  all += __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL);
  all += __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
  all += __atomic_fetch_sub(p, v, __ATOMIC_RELAXED);
  all += __atomic_fetch_and(p, v, __ATOMIC_RELAXED);
  all += __atomic_fetch_or(p, v, __ATOMIC_RELAXED);
  all += __atomic_fetch_xor(p, v, __ATOMIC_RELAXED);
  all += __atomic_fetch_nand(p, v, __ATOMIC_RELAXED);
  T expected = v;
  all += __atomic_compare_exchange_n(p, &expected, all, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  all += __atomic_compare_exchange_n(p, &expected, all, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  return all;
}
template std::uint8_t atomics(std::uint8_t*, std::uint8_t);
template std::uint16_t atomics(std::uint16_t*, std::uint16_t);
template std::uint32_t atomics(std::uint32_t*, std::uint32_t);
template std::uint64_t atomics(std::uint64_t*, std::uint64_t);
