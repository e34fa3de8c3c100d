"""Sources with inline PTX in several spellings: values, warps, memory, atomics, copies."""

from __future__ import annotations

VALUES = r"""
__global__ void whole(unsigned* out, const unsigned* in) {
  const unsigned i = threadIdx.x, a = in[i], b = in[(i + 1) % 32], c = in[(i + 2) % 32];
  unsigned r;
  asm("lop3.b32 %0, %1, %2, %3, 0xCA;" : "=r"(r) : "r"(a), "r"(b), "r"(c));
  out[i] = r;
  asm ( "prmt.b32 %0,%1,%2,%3 ;\n\t" : "=r"(r) : "r"(a), "r"(b), "r"(0xf410u));
  out[32 + i] = r;
  asm("bfind.u32 %0, %1;" : "=r"(r) : "r"(a));
  out[64 + i] = r;
  asm("brev.b32 %0, %1;" : "=r"(r) : "r"(a));
  out[96 + i] = r;
  asm("popc.b32 %0, %1;" : "=r"(r) : "r"(a));
  out[128 + i] = r;
  asm("bfe.u32 %0, %1, 4, 8;" : "=r"(r) : "r"(a));
  out[160 + i] = r;
  asm("{\n\t"
      ".reg .b64 t, u;\n\t"
      "mul.wide.u32 t, %1, %2;  // 64 bits\n\t"
      "shr.u64 u, t, 32;\n\t"
      "cvt.u32.u64 %0, u;\n\t"
      "}\n" : "=r"(r) : "r"(a), "r"(b));
  out[192 + i] = r;
  asm("{ .reg .pred p; setp.lt.s32 p, %1, %2; selp.b32 %0, %1, %2, p; }"
      : "=r"(r) : "r"(a), "r"(b));
  out[224 + i] = r;
  r = 7;
  asm volatile("{.reg .pred p;\n setp.ne.u32 p, %1, 0;\n @!p add.u32 %0, %0, 1;\n}"
               : "+r"(r) : "r"(i & 1));
  out[256 + i] = r;
}
void run_whole(Tensor out, const Tensor& in) {
  whole<<<1, 32, 0, current_stream()>>>(
      static_cast<unsigned*>(out.data_ptr()), static_cast<const unsigned*>(in.data_ptr()));
}

__global__ void real(float* out, const float* in, unsigned short* half, unsigned* pair) {
  const unsigned i = threadIdx.x;
  const float x = in[i];
  float r;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  out[i] = r;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
  out[32 + i] = r;
  asm("fma.rn.f32 %0, %1, %1, %2;" : "=f"(r) : "f"(x), "f"(0.5f));
  out[64 + i] = r;
  asm("tanh.approx.f32 %0, %1;" : "=f"(r) : "f"(x));
  out[96 + i] = r;
  asm("add.f32 %0, %1, 0f3F800000;" : "=f"(r) : "f"(x));
  out[128 + i] = r;
  unsigned short h;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h) : "f"(x));
  half[i] = h;
  asm("ex2.approx.f16 %0, %1;" : "=h"(h) : "h"(h));
  half[32 + i] = h;
  unsigned two;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(two) : "f"(x + 1.0f), "f"(x));
  pair[i] = two;
  asm("tanh.approx.f16x2 %0, %1;" : "=r"(two) : "r"(two));
  pair[32 + i] = two;
  asm("cvt.rn.satfinite.e4m3x2.f16x2 %0, %1;" : "=h"(h) : "r"(pair[i]));
  half[64 + i] = h;
  asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(two) : "h"(h));
  pair[64 + i] = two;
}
void run_real(Tensor out, const Tensor& in, Tensor half, Tensor pair) {
  real<<<1, 32, 0, current_stream()>>>(
      static_cast<float*>(out.data_ptr()), static_cast<const float*>(in.data_ptr()),
      static_cast<unsigned short*>(half.data_ptr()), static_cast<unsigned*>(pair.data_ptr()));
}

__global__ void warp(unsigned* out) {
  const unsigned i = threadIdx.x + threadIdx.y * blockDim.x;
  unsigned t, y, n, c, g, l, lt, got;
  asm volatile("mov.u32 %0, %%tid.x;" : "=r"(t));
  asm volatile("mov.u32 %0, %%tid.y;" : "=r"(y));
  asm volatile("mov.u32 %0, %%ntid.x;" : "=r"(n));
  asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(c));
  asm volatile("mov.u32 %0, %%nctaid.x;" : "=r"(g));
  asm volatile("mov.u32 %0, %%laneid;" : "=r"(l));
  asm volatile("mov.u32 %0, %%lanemask_lt;" : "=r"(lt));
  unsigned* mine = out + (blockIdx.x * 64 + i) * 12;
  mine[0] = t, mine[1] = y, mine[2] = n, mine[3] = c, mine[4] = g, mine[5] = l, mine[6] = lt;
  asm volatile("shfl.sync.bfly.b32 %0, %1, %2, 0x1f, 0xffffffff;" : "=r"(got) : "r"(i), "r"(3));
  mine[7] = got;
  asm volatile("shfl.sync.up.b32 %0, %1, 1, 0x0, 0xffffffff;" : "=r"(got) : "r"(i));
  mine[8] = got;
  unsigned inside;
  asm volatile(
      "{ .reg .pred p; shfl.sync.down.b32 %0|p, %2, 8, 0x101f, -1; selp.u32 %1, 1, 0, p; }"
      : "=r"(got), "=r"(inside) : "r"(i));
  mine[9] = got, mine[10] = inside;
  asm volatile("{ .reg .pred p; setp.eq.u32 p, %1, 5; vote.sync.ballot.b32 %0, p, 0xffffffff; }"
               : "=r"(got) : "r"(l));
  mine[11] = got;
}
void run_warp(Tensor out) {
  warp<<<2, dim3(16, 4), 0, current_stream()>>>(static_cast<unsigned*>(out.data_ptr()));
}
"""

MEMORY = r"""
__global__ void vectors(uint4* out, const uint4* in) {
  const int i = threadIdx.x;
  uint4 v;
  asm volatile("ld.global.nc.L1::no_allocate.L2::128B.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(in + i));
  asm volatile("st.global.cs.v4.u32 [%0], {%1,%2,%3,%4};"
               :: "l"(out + i), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}
__global__ void twos(unsigned* out, const unsigned* in) {
  const int i = threadIdx.x;
  unsigned a, b;
  asm volatile("ld.global.ca.v2.u32 {%0, %1}, [%2 + 8];" : "=r"(a), "=r"(b) : "l"(in + 2 * i));
  asm volatile("st.global.wt.v2.b32 [%0+8], {%1, %2};" :: "l"(out + 2 * i), "r"(b), "r"(a));
}
__global__ void small(int* out, const signed char* in) {
  int a;
  asm volatile("ld.global.nc.s8 %0, [%1];" : "=r"(a) : "l"(in + threadIdx.x));
  out[threadIdx.x] = a;
}
__global__ void strong(int4* out, int4* in) {
  int4 v;
  asm volatile("ld.volatile.global.v4.b32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(in + threadIdx.x));
  asm volatile("st.volatile.global.v4.b32 [%4], {%0, %1, %2, %3};"
               :: "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w), "l"(out + threadIdx.x));
}
__global__ void staged(float4* out, const float4* in, int bytes) {
  __shared__ float4 tile[32];
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&tile[threadIdx.x]));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n"
               :: "r"(at), "l"(in + threadIdx.x), "r"(bytes));
  asm volatile("cp.async.commit_group;\n" ::);
  asm volatile("cp.async.wait_group %0;\n" :: "n"(0));
  __syncthreads();
  float a, b, c, d;
  const unsigned next = static_cast<unsigned>(__cvta_generic_to_shared(tile)) +
                        16 * ((threadIdx.x + 1) % 32);
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(a), "=f"(b), "=f"(c), "=f"(d) : "r"(next));
  out[threadIdx.x] = make_float4(a, b, c, d);
}
__global__ void atoms(unsigned* counts, float* sum, unsigned* got) {
  unsigned old;
  asm volatile("atom.global.add.u32 %0, [%1], %2;" : "=r"(old) : "l"(counts), "r"(2u) : "memory");
  got[threadIdx.x] = old;
  asm volatile("red.global.add.f32 [%0], %1;" :: "l"(sum), "f"(0.5f) : "memory");
  asm volatile("red.release.gpu.global.max.u32 [%0+4], %1;"
               :: "l"(counts), "r"(threadIdx.x) : "memory");
}
#define RUN(kernel, Out, In)                                                        \
  void run_##kernel(Tensor out, const Tensor& in) {                                 \
    kernel<<<1, 32, 0, current_stream()>>>(static_cast<Out*>(out.data_ptr()),       \
                                           (In*)(in.data_ptr()));                   \
  }
RUN(vectors, uint4, uint4)
RUN(twos, unsigned, unsigned)
RUN(small, int, signed char)
RUN(strong, int4, int4)
void run_staged(Tensor out, const Tensor& in, int64_t bytes) {
  staged<<<1, 32, 0, current_stream()>>>(static_cast<float4*>(out.data_ptr()),
                                         static_cast<const float4*>(in.data_ptr()), bytes);
}
void run_atoms(Tensor counts, Tensor sum, Tensor got) {
  atoms<<<1, 32, 0, current_stream()>>>(static_cast<unsigned*>(counts.data_ptr()),
                                        static_cast<float*>(sum.data_ptr()),
                                        static_cast<unsigned*>(got.data_ptr()));
}

// Block 1 waits for the value that block 0 releases.
__global__ void handed_over(int* flag, int* data, int* out) {
  if (blockIdx.x == 0) {
    data[threadIdx.x] = 100 + threadIdx.x;
    __syncthreads();
    if (threadIdx.x == 0)
      asm volatile("st.release.gpu.global.s32 [%0], %1;" :: "l"(flag), "r"(1) : "memory");
  } else {
    if (threadIdx.x == 0) {
      int seen = 0;
      while (seen == 0)
        asm volatile("ld.acquire.gpu.global.s32 %0, [%1];" : "=r"(seen) : "l"(flag) : "memory");
    }
    asm volatile("bar.sync 0;" ::: "memory");
    out[threadIdx.x] = data[threadIdx.x];
  }
}
void run_handed_over(Tensor flag, Tensor data, Tensor out) {
  handed_over<<<2, 32, 0, current_stream()>>>(static_cast<int*>(flag.data_ptr()),
                                              static_cast<int*>(data.data_ptr()),
                                              static_cast<int*>(out.data_ptr()));
}
__global__ void named(int* out) {
  asm volatile("bar.sync %0, %1;" :: "r"(1), "r"(32));
  out[threadIdx.x] = 1;
}
void run_named(Tensor out) {
  named<<<1, 64, 0, current_stream()>>>(static_cast<int*>(out.data_ptr()));
}
__global__ void elsewhere(int* out) {
  if (out[0] == 0) return;
#if __CUDA_ARCH__ >= 700
  asm volatile("mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32 {%0, %1}, {%2}, {%3}, {%0, %1};"
               : "+r"(out[0]), "+r"(out[1]) : "r"(1), "r"(1));
#endif
}
void run_elsewhere(Tensor out) {
  elsewhere<<<1, 1, 0, current_stream()>>>(static_cast<int*>(out.data_ptr()));
}
"""
