// Control flow: which lanes take part in an access. Branches use different types, so that no compiler merges their accesses.

int blocks_of(int64_t n, int64_t threads) { return int((n + threads - 1) / threads); }

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

// Even lanes one thing, odd lanes another.
__global__ void two_branches(float* out, unsigned char* bytes, const float* x, const short* y, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  if (i % 2 == 0) out[i] = x[i] * 2.0f;
  else bytes[i] = static_cast<unsigned char>(y[i] + 1);
}

void branch_by_lane(Tensor out, Tensor bytes, const Tensor& x, const Tensor& y) {
  const int n = int(out.numel());
  two_branches<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<unsigned char>(bytes), data<float>(x),
                                                               data<short>(y), n);
}

// Even warps one thing, odd warps another.
__global__ void warp_branches(float* out, unsigned char* bytes, const float* x, const short* y, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  if (threadIdx.x / 32 % 2 == 0) out[i] = x[i] * 2.0f;
  else bytes[i] = static_cast<unsigned char>(y[i] + 1);
}

void branch_by_warp(Tensor out, Tensor bytes, const Tensor& x, const Tensor& y) {
  const int n = int(out.numel());
  warp_branches<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<unsigned char>(bytes), data<float>(x),
                                                                data<short>(y), n);
}

// Four ways, four widths.
__global__ void four_ways(double* out, const unsigned char* a, const short* b, const float* c, const double* d, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double value = 0.0;
  switch (i % 4) {
    case 0: value = a[i]; break;
    case 1: value = b[i] * 2; break;
    case 2: value = c[i] - 1.0f; break;
    default: value = d[i] * 0.5; break;
  }
  out[i] = value;
}

void branch_four_ways(Tensor out, const Tensor& a, const Tensor& b, const Tensor& c, const Tensor& d) {
  const int n = int(out.numel());
  four_ways<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<double>(out), data<unsigned char>(a), data<short>(b),
                                                            data<float>(c), data<double>(d), n);
}

// As many turns as count[i] says, the lanes' loads side by side in each.
__global__ void own_count(int* out, const int* x, const int* count, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int sum = 0;
  const int turns = count[i];
#pragma unroll 1
  for (int k = 0; k < turns; ++k) sum += x[k * n + i];
  out[i] = sum;
}

void loop_own_count(Tensor out, const Tensor& x, const Tensor& count) {
  const int n = int(out.numel());
  own_count<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), data<int>(count), n);
}

// In each turn of the outer loop another lane has the long inner one.
__global__ void one_long_lane(int* out, const int* x, int n, int rows) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int sum = 0;
#pragma unroll 1
  for (int row = 0; row < rows; ++row) {
    const int turns = (row + i) % 32 == 0 ? 7 : 1;
#pragma unroll 1
    for (int k = 0; k < turns; ++k) sum += x[(row + k) * n + i];
  }
  out[i] = sum;
}

// x: [rows + 6, n].
void loop_one_long_lane(Tensor out, const Tensor& x, int64_t rows) {
  const int n = int(out.numel());
  one_long_lane<<<blocks_of(n, 64), 64, 0, current_stream()>>>(data<int>(out), data<int>(x), n, int(rows));
}

// Nested: the inner count depends on lane and turn.
__global__ void nested(int* out, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int sum = 0;
#pragma unroll 1
  for (int outer = 0; outer < i % 4 + 1; ++outer) {
#pragma unroll 1
    for (int inner = 0; inner < (i + outer) % 3; ++inner) sum += x[(outer * 3 + inner) * n + i];
    sum ^= outer;
  }
  out[i] = sum;
}

// x: [12, n].
void loop_nested(Tensor out, const Tensor& x) {
  const int n = int(out.numel());
  nested<<<blocks_of(n, 64), 64, 0, current_stream()>>>(data<int>(out), data<int>(x), n);
}

// A lane may be off in the first turn and load in a later one.
__global__ void later_lanes(int* out, const int* x, int n, int turns) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int sum = 0;
#pragma unroll 1
  for (int k = 0; k < turns; ++k)
    if (k >= i % 4) sum += x[k * n + i];
  out[i] = sum;
}

// x: [turns, n].
void loop_later_lanes(Tensor out, const Tensor& x) {
  const int n = int(out.numel());
  later_lanes<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), n, int(x.size(0)));
}

// The same with two accesses under the condition, and one outside of it.
__global__ void later_and_always(int* out, const int* x, const short* y, int n, int turns) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int sum = 0;
#pragma unroll 1
  for (int k = 0; k < turns; ++k) {
    if ((k + i) % 3 == 0) {
      const int at = x[k * n + i];
      sum += y[at];
    }
    out[k * n + i] = sum;
  }
}

// out, x: [turns, n].
void loop_later_and_always(Tensor out, const Tensor& x, const Tensor& y) {
  const int n = int(x.size(1));
  later_and_always<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), data<short>(y), n,
                                                                   int(x.size(0)));
}

// Threads that leave before, between and after the loads.
__global__ void leaves_early(int* out, const int* x, const unsigned char* flag, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n || i % 7 == 3) return;
  if (flag[i]) return;
  const int value = x[i];
  if (value < 0) return;
  out[i] = value * 2;
}

void early_exit(Tensor out, const Tensor& x, const Tensor& flag) {
  const int n = int(out.numel());
  leaves_early<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), data<unsigned char>(flag), n);
}

// break at the first negative, continue at odd ones.
__global__ void breaks(int* out, const int* x, const short* y, int n, int turns) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int sum = 0;
#pragma unroll 1
  for (int k = 0; k < turns; ++k) {
    const int value = x[k * n + i];
    if (value < 0) break;
    if (value & 1) continue;
    sum += y[value];
  }
  out[i] = sum;
}

void loop_break_continue(Tensor out, const Tensor& x, const Tensor& y) {
  const int n = int(out.numel());
  breaks<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), data<short>(y), n, int(x.size(0)));
}

// A loop whose condition is below.
__global__ void do_while(int* out, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int at = i, turns = 0;
#pragma unroll 1
  do {
    at = x[at];
    ++turns;
  } while (at % 5 != 0);
  out[i] = turns;
}

void loop_do_while(Tensor out, const Tensor& x) {
  const int n = int(out.numel());
  do_while<<<blocks_of(n, 64), 64, 0, current_stream()>>>(data<int>(out), data<int>(x), n);
}

// A load under a condition, and one that a second condition guards.
__global__ void guarded_loads(float* out, const float* x, const unsigned char* flag, int n, int m) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  const float value = i < m ? x[i] : 0.0f;
  if (i < n && flag[i] && value > 0.0f) out[i] = value;
}

// out, flag: n. x: m, fewer.
void branch_guarded(Tensor out, const Tensor& x, const Tensor& flag) {
  const int n = int(out.numel());
  guarded_loads<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(x), data<unsigned char>(flag), n,
                                                                int(x.numel()));
}

__device__ __noinline__ int looked_up(const int* x, int i) { return x[i] + x[i + 1]; }

// A function that is called from two places, by different lanes.
__global__ void calls(int* out, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int value = looked_up(x, i);
  if (value % 2 == 0) value += looked_up(x, n - 1 - i) * 3;
  out[i] = value;
}

// x: n + 1.
void call_function(Tensor out, const Tensor& x) {
  const int n = int(out.numel());
  calls<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), n);
}

// Lanes need different numbers of turns without memory; afterwards they load together.
__global__ void meet_again(int* out, const int* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  int value = i + 1, turns = 0;
#pragma unroll 1
  while (value != 1) {
    value = value % 2 ? 3 * value + 1 : value / 2;
    ++turns;
  }
  out[i] = x[i] + turns;
}

void loop_meet_again(Tensor out, const Tensor& x) {
  const int n = int(out.numel());
  meet_again<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<int>(out), data<int>(x), n);
}

// Barriers in a loop, half of the block's warps without work in it.
__global__ void barrier_loop(int* out, const int* x, int turns) {
  __shared__ int held[128];
  int sum = 0;
#pragma unroll 1
  for (int k = 0; k < turns; ++k) {
    if (threadIdx.x < 64) held[threadIdx.x] = x[k * 64 + threadIdx.x];
    __syncthreads();
    sum += held[threadIdx.x / 2] * (k + 1);
    __syncthreads();
  }
  out[threadIdx.x] = sum;
}

// out: 128. x: [turns, 64].
void loop_barrier(Tensor out, const Tensor& x) {
  barrier_loop<<<1, 128, 0, current_stream()>>>(data<int>(out), data<int>(x), int(x.size(0)));
}
