// 03/02 Interleaved, eight at a time: rotates q in place; a pair is two neighbours.
//
//   query       float32, float16 or bfloat16 [tokens, heads, head_dim], contiguous
//   positions   int64 [tokens]
//   cos_sin     float32 [max_pos, rotary], contiguous; rotary is even and at most head_dim.
//               A row holds the cosines of rotary / 2 pairs, then their sines.
//
// With c and s of pair p in row positions[t]: x[2p], x[2p + 1] = x[2p] * c - x[2p + 1] * s,
// x[2p + 1] * c + x[2p] * s, in float32, each rounded once. Elements from rotary on stay.
//
// A thread owns one vector of 16 bytes, which is 8 elements of 2 bytes, or 4 of 4. It holds four
// pairs, or two: nobody else touches them. Limits:
//   the vector     one load and one store of 16 bytes; none where nothing of it rotates
//   the table      every cosine and sine that a vector needs is loaded once. Where all vectors
//                  rotate as a whole, the cosines of a vector come in one load (`load_floats`), and
//                  so do its sines: no sector is asked for in vain. Where the last vector does not,
//                  read one by one: a row of the table need not be aligned then.
//
// Write what a thread does with its vector: about fifteen lines. Check with `kbk check 03/02`.

constexpr int kThreads = 128;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// N floats in one load; `from` must be a multiple of so many.
template <int N>
__device__ void load_floats(float (&to)[N], const float* from) {
  static_assert(N == 2 || N == 4, "a load has 8 or 16 bytes");
  if constexpr (N == 4) *reinterpret_cast<float4*>(to) = *reinterpret_cast<const float4*>(from);
  if constexpr (N == 2) *reinterpret_cast<float2*>(to) = *reinterpret_cast<const float2*>(from);
}

// row: cosines and sines of the token. first: number of the vector's first element in its head.
template <typename T>
__device__ void rotate_vector(uint4* vector, const float* row, int first, int rotary) {
  constexpr int kElements = 16 / sizeof(T), kPairs = kElements / 2;
  if (first >= rotary) return;
  const int pairs = min(kPairs, (rotary - first) / 2), half = rotary / 2;
  uint4 raw = *vector;
  T* x = reinterpret_cast<T*>(&raw);
  alignas(16) float cos[kPairs], sin[kPairs];
  if (rotary % kElements == 0) {
    load_floats(cos, row + first / 2);
    load_floats(sin, row + half + first / 2);
  } else {
    for (int p = 0; p < pairs; ++p) cos[p] = row[first / 2 + p];
    for (int p = 0; p < pairs; ++p) sin[p] = row[half + first / 2 + p];
  }
  for (int p = 0; p < pairs; ++p) {
    const float a = float(x[2 * p]), b = float(x[2 * p + 1]);
    x[2 * p] = T(a * cos[p] - b * sin[p]);
    x[2 * p + 1] = T(b * cos[p] + a * sin[p]);
  }
  *vector = raw;
}

// A thread a vector. head_vectors: vectors of a head. heads: of a token.
template <typename T>
__global__ void rotate(uint4* query, const int64_t* positions, const float* cos_sin,
                       int64_t vectors, int head_vectors, int heads, int rotary) {
  const int64_t v = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (v >= vectors) return;
  const int64_t token = v / (int64_t(head_vectors) * heads);
  const int first = int(v % head_vectors) * (16 / int(sizeof(T)));
  rotate_vector<T>(query + v, cos_sin + positions[token] * rotary, first, rotary);
}

template <typename T>
void launch_rotate(const Tensor& query, const Tensor& positions, const Tensor& cos_sin) {
  const int64_t vectors = query.numel() * sizeof(T) / 16;
  if (vectors == 0) return;
  rotate<T><<<ceil_div(vectors, kThreads), kThreads, 0, current_stream()>>>(
      static_cast<uint4*>(query.data_ptr()), positions.const_data_ptr<int64_t>(),
      cos_sin.const_data_ptr<float>(), vectors, int(query.size(2) * sizeof(T) / 16),
      int(query.size(1)), int(cos_sin.size(1)));
}

void rope_interleaved(Tensor query, const Tensor& positions, const Tensor& cos_sin) {
  KBK_CHECK(query.dim() == 3 && query.is_contiguous(),
            "rope_interleaved: query must be contiguous, with three dimensions; its strides are ",
            query.strides());
  KBK_CHECK(reinterpret_cast<uintptr_t>(query.data_ptr()) % 16 == 0 &&
                query.size(2) * query.element_size() % 16 == 0,
            "rope_interleaved: query and each of its heads must begin on a multiple of 16 bytes; ",
            "head_dim is ", query.size(2));
  KBK_CHECK(cos_sin.dim() == 2 && cos_sin.scalar_type() == ScalarType::Float &&
                cos_sin.is_contiguous() && cos_sin.size(1) % 2 == 0 &&
                cos_sin.size(1) <= query.size(2),
            "rope_interleaved: cos_sin must be contiguous float32 with an even number of columns, ",
            "at most head_dim; its shape is ", cos_sin.sizes());
  KBK_CHECK(positions.dim() == 1 && positions.size(0) == query.size(0) &&
                positions.scalar_type() == ScalarType::Long,
            "rope_interleaved: positions must be int64, one for each of the ", query.size(0),
            " tokens; its shape is ", positions.sizes());
  switch (query.scalar_type()) {
    case ScalarType::Float: return launch_rotate<float>(query, positions, cos_sin);
    case ScalarType::Half: return launch_rotate<__half>(query, positions, cos_sin);
    case ScalarType::BFloat16: return launch_rotate<__nv_bfloat16>(query, positions, cos_sin);
    default:
      KBK_CHECK(false, "rope_interleaved: query must be float32, float16 or bfloat16; its dtype ",
                "is ", query.scalar_type());
  }
}
