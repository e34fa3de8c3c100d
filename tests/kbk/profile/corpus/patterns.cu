// One access of one warp, each lane at the byte that a table names. The table comes with the launch, so no other load is made.

struct Places {
  int at[32];  // bytes from the start of the memory
};

constexpr unsigned kNever = 0x9d3c5a71u;

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

__device__ unsigned folded(unsigned char v) { return v; }
__device__ unsigned folded(unsigned short v) { return v; }
__device__ unsigned folded(unsigned v) { return v; }
__device__ unsigned folded(uint2 v) { return v.x ^ v.y; }
__device__ unsigned folded(uint4 v) { return v.x ^ v.y ^ v.z ^ v.w; }

template <typename T>
__device__ T filled(unsigned v) {
  if constexpr (sizeof(T) == 16) return make_uint4(v, v, v, v);
  else if constexpr (sizeof(T) == 8) return make_uint2(v, v);
  else return static_cast<T>(v);
}

// never: a value that is not in the memory. The store that depends on it is compiled, and not done: it keeps the access alive.
template <typename T>
__global__ void pattern_load(unsigned* sink, const unsigned char* memory, Places places, unsigned mask, unsigned never) {
  if (mask >> threadIdx.x & 1) {
    const T value = *reinterpret_cast<const T*>(memory + places.at[threadIdx.x]);
    if (folded(value) == never) sink[threadIdx.x] = never;
  }
}

template <typename T>
__global__ void pattern_store(unsigned char* memory, Places places, unsigned mask) {
  if (mask >> threadIdx.x & 1) *reinterpret_cast<T*>(memory + places.at[threadIdx.x]) = filled<T>(threadIdx.x + 1);
}

template <typename T>
__global__ void pattern_red(unsigned char* memory, Places places, unsigned mask) {
  if (mask >> threadIdx.x & 1) atomicAdd(reinterpret_cast<T*>(memory + places.at[threadIdx.x]), T(threadIdx.x + 1));
}

template <typename T>
__global__ void pattern_atom(unsigned* sink, unsigned char* memory, Places places, unsigned mask, unsigned never) {
  if (mask >> threadIdx.x & 1) {
    const T before = atomicAdd(reinterpret_cast<T*>(memory + places.at[threadIdx.x]), T(threadIdx.x + 1));
    if (unsigned(before) == never) sink[threadIdx.x] = never;
  }
}

// after: 0, so that nothing is read afterwards; the compiler does not know. Shared memory is dynamic, for nvcc takes a static array that nobody fills for undefined.
template <typename T>
__global__ void pattern_shared_load(unsigned* sink, Places places, unsigned mask, unsigned never) {
  extern __shared__ __align__(16) unsigned char arena[];
  if (mask >> threadIdx.x & 1) {
    const T value = *reinterpret_cast<const T*>(arena + places.at[threadIdx.x]);
    if (folded(value) == never) sink[threadIdx.x] = never;
  }
}

template <typename T>
__global__ void pattern_shared_store(unsigned* sink, Places places, unsigned mask, unsigned after) {
  extern __shared__ __align__(16) unsigned char arena[];
  if (mask >> threadIdx.x & 1) *reinterpret_cast<T*>(arena + places.at[threadIdx.x]) = filled<T>(threadIdx.x + 1);
  __syncthreads();
  if (after) sink[threadIdx.x] = arena[after + threadIdx.x];
}

__global__ void pattern_shared_red(unsigned* sink, Places places, unsigned mask, unsigned after) {
  extern __shared__ __align__(16) unsigned char arena[];
  if (mask >> threadIdx.x & 1) atomicAdd(reinterpret_cast<unsigned*>(arena + places.at[threadIdx.x]), threadIdx.x + 1);
  __syncthreads();
  if (after) sink[threadIdx.x] = arena[after + threadIdx.x];
}

__global__ void pattern_shared_atom(unsigned* sink, Places places, unsigned mask, unsigned never) {
  extern __shared__ __align__(16) unsigned char arena[];
  if (mask >> threadIdx.x & 1) {
    const unsigned before = atomicAdd(reinterpret_cast<unsigned*>(arena + places.at[threadIdx.x]), threadIdx.x + 1);
    if (before == never) sink[threadIdx.x] = never;
  }
}

Places places_of(const HostTensor& table) {
  KBK_CHECK(table.numel() == 32 && table.scalar_type() == ScalarType::Int, "table must be int32 [32]");
  Places places;
  const int* from = static_cast<const int*>(table.data_ptr());
  for (int lane = 0; lane < 32; ++lane) places.at[lane] = from[lane];
  return places;
}

template <typename T>
void launch_access(const Tensor& memory, const Tensor& sink, const Places& places, unsigned mask, bool store) {
  const cudaStream_t stream = current_stream();
  if (store) pattern_store<T><<<1, 32, 0, stream>>>(data<unsigned char>(memory), places, mask);
  else pattern_load<T><<<1, 32, 0, stream>>>(data<unsigned>(sink), data<unsigned char>(memory), places, mask, kNever);
}

// memory: uint8. sink: int32 [32], untouched. table: int32 [32], bytes. mask: a bit a lane. width: 1, 2, 4, 8, 16 bytes.
void global_access(Tensor memory, Tensor sink, const HostTensor& table, int64_t mask, int64_t width, bool store) {
  const Places places = places_of(table);
  const unsigned lanes = unsigned(mask);
  switch (width) {
    case 1: return launch_access<unsigned char>(memory, sink, places, lanes, store);
    case 2: return launch_access<unsigned short>(memory, sink, places, lanes, store);
    case 4: return launch_access<unsigned>(memory, sink, places, lanes, store);
    case 8: return launch_access<uint2>(memory, sink, places, lanes, store);
    default: return launch_access<uint4>(memory, sink, places, lanes, store);
  }
}

// width: 4 or 8 bytes. used: whether the kernel uses what the atomic returns.
void global_atomic(Tensor memory, Tensor sink, const HostTensor& table, int64_t mask, int64_t width, bool used) {
  const Places places = places_of(table);
  const unsigned lanes = unsigned(mask);
  const cudaStream_t stream = current_stream();
  unsigned char* bytes = data<unsigned char>(memory);
  if (width == 4 && used) pattern_atom<unsigned><<<1, 32, 0, stream>>>(data<unsigned>(sink), bytes, places, lanes, kNever);
  else if (width == 4) pattern_red<unsigned><<<1, 32, 0, stream>>>(bytes, places, lanes);
  else if (used) pattern_atom<unsigned long long><<<1, 32, 0, stream>>>(data<unsigned>(sink), bytes, places, lanes, kNever);
  else pattern_red<unsigned long long><<<1, 32, 0, stream>>>(bytes, places, lanes);
}

template <typename T>
void launch_shared(const Tensor& sink, const Places& places, unsigned mask, bool store, int bytes) {
  const cudaStream_t stream = current_stream();
  if (store) pattern_shared_store<T><<<1, 32, bytes, stream>>>(data<unsigned>(sink), places, mask, 0);
  else pattern_shared_load<T><<<1, 32, bytes, stream>>>(data<unsigned>(sink), places, mask, kNever);
}

// bytes: of shared memory.
void shared_access(Tensor sink, const HostTensor& table, int64_t mask, int64_t width, bool store, int64_t bytes) {
  const Places places = places_of(table);
  const unsigned lanes = unsigned(mask);
  switch (width) {
    case 1: return launch_shared<unsigned char>(sink, places, lanes, store, int(bytes));
    case 2: return launch_shared<unsigned short>(sink, places, lanes, store, int(bytes));
    case 4: return launch_shared<unsigned>(sink, places, lanes, store, int(bytes));
    case 8: return launch_shared<uint2>(sink, places, lanes, store, int(bytes));
    default: return launch_shared<uint4>(sink, places, lanes, store, int(bytes));
  }
}

void shared_atomic(Tensor sink, const HostTensor& table, int64_t mask, bool used, int64_t bytes) {
  const Places places = places_of(table);
  const unsigned lanes = unsigned(mask);
  const cudaStream_t stream = current_stream();
  if (used) pattern_shared_atom<<<1, 32, int(bytes), stream>>>(data<unsigned>(sink), places, lanes, kNever);
  else pattern_shared_red<<<1, 32, int(bytes), stream>>>(data<unsigned>(sink), places, lanes, 0);
}
