// Copies: strides, widths, blocks of every size, bases and rows off the sectors, structs and their fields.
#include <algorithm>

int blocks_of(int64_t n, int64_t threads) { return int((n + threads - 1) / threads); }

template <typename T>
T* data(const Tensor& t) {
  return static_cast<T*>(t.data_ptr());
}

// out[i] = x[i * stride]
__global__ void strided_read(float* out, const float* x, int n, int stride) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i * stride];
}

void copy_strided_read(Tensor out, const Tensor& x, int64_t stride) {
  const int n = int(out.numel());
  strided_read<<<blocks_of(n, 256), 256, 0, current_stream()>>>(data<float>(out), data<float>(x), n, int(stride));
}

// out[i * stride] = x[i]
__global__ void strided_write(float* out, const float* x, int n, int stride) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i * stride] = x[i];
}

void copy_strided_write(Tensor out, const Tensor& x, int64_t stride) {
  const int n = int(x.numel());
  strided_write<<<blocks_of(n, 256), 256, 0, current_stream()>>>(data<float>(out), data<float>(x), n, int(stride));
}

// Four blocks walk any number of elements.
__global__ void grid_stride_loop(float* out, const float* x, int n) {
#pragma unroll 1
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) out[i] = x[i];
}

void copy_grid_stride_loop(Tensor out, const Tensor& x) {
  grid_stride_loop<<<4, 256, 0, current_stream()>>>(data<float>(out), data<float>(x), int(out.numel()));
}

// A thread its own 5 elements in a row.
__global__ void chunk(float* out, const float* x, int n) {
  const int first = (blockIdx.x * blockDim.x + threadIdx.x) * 5;
#pragma unroll 1
  for (int i = first; i < first + 5 && i < n; ++i) out[i] = x[i];
}

void copy_chunk(Tensor out, const Tensor& x) {
  const int n = int(out.numel());
  chunk<<<blocks_of(n, 64 * 5), 64, 0, current_stream()>>>(data<float>(out), data<float>(x), n);
}

// An access of sizeof(T) bytes.
template <typename T>
__global__ void width(T* out, const T* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i];
}

template <typename T>
void launch_width(const Tensor& out, const Tensor& x) {
  const int n = int(x.numel() / int64_t(sizeof(T)));
  width<T><<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<T>(out), data<T>(x), n);
}

// out, x: uint8. which: 0 uchar, 1 half, 2 bfloat16, 3 float, 4 float2, 5 double, 6 float4, 7 double2, 8 uchar4.
void copy_width(Tensor out, const Tensor& x, int64_t which) {
  switch (which) {
    case 0: return launch_width<unsigned char>(out, x);
    case 1: return launch_width<__half>(out, x);
    case 2: return launch_width<__nv_bfloat16>(out, x);
    case 3: return launch_width<float>(out, x);
    case 4: return launch_width<float2>(out, x);
    case 5: return launch_width<double>(out, x);
    case 6: return launch_width<float4>(out, x);
    case 7: return launch_width<double2>(out, x);
    default: return launch_width<uchar4>(out, x);
  }
}

// float4 with a stride between lanes.
__global__ void wide_stride(float4* out, const float4* x, int n, int stride) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i * stride];
}

void copy_wide_stride(Tensor out, const Tensor& x, int64_t stride) {
  const int n = int(out.numel() / 4);
  wide_stride<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float4>(out), data<float4>(x), n, int(stride));
}

// Blocks of any number of threads.
__global__ void any_block(float* out, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i] + 1.0f;
}

void copy_any_block(Tensor out, const Tensor& x, int64_t threads) {
  const int n = int(out.numel());
  any_block<<<blocks_of(n, threads), int(threads), 0, current_stream()>>>(data<float>(out), data<float>(x), n);
}

// A block of two dimensions: a warp of 16x16 is two rows of 16.
__global__ void two_dimensions(float* out, const float* x, int rows, int columns) {
  const int column = blockIdx.x * blockDim.x + threadIdx.x;
  const int row = blockIdx.y * blockDim.y + threadIdx.y;
  if (row < rows && column < columns) out[row * columns + column] = x[row * columns + column];
}

void copy_two_dimensions(Tensor out, const Tensor& x, int64_t width, int64_t height) {
  const int rows = int(x.size(0)), columns = int(x.size(1));
  const dim3 grid(blocks_of(columns, width), blocks_of(rows, height));
  two_dimensions<<<grid, dim3(unsigned(width), unsigned(height)), 0, current_stream()>>>(data<float>(out), data<float>(x), rows,
                                                                                        columns);
}

// A block a row; the rows lie a stride apart that no sector divides.
template <typename T>
__global__ void rows_apart(T* out, const T* x, int columns, int64_t out_stride, int64_t x_stride) {
#pragma unroll 1
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    out[blockIdx.x * out_stride + i] = x[blockIdx.x * x_stride + i];
}

void copy_rows(Tensor out, const Tensor& x) {
  const int rows = int(x.size(0)), columns = int(x.size(1));
  const cudaStream_t stream = current_stream();
  if (x.element_size() == 4)
    rows_apart<<<rows, 64, 0, stream>>>(data<float>(out), data<float>(x), columns, out.stride(0), x.stride(0));
  else
    rows_apart<<<rows, 64, 0, stream>>>(data<unsigned short>(out), data<unsigned short>(x), columns, out.stride(0), x.stride(0));
}

// Several lanes read one element.
__global__ void shared_element(float* out, const float* x, int n, int lanes) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i / lanes];
}

void copy_shared_element(Tensor out, const Tensor& x, int64_t lanes) {
  const int n = int(out.numel());
  shared_element<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(x), n, int(lanes));
}

__global__ void reversed(float* out, const float* x, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[n - 1 - i];
}

void copy_reversed(Tensor out, const Tensor& x) {
  const int n = int(out.numel());
  reversed<<<blocks_of(n, 128), 128, 0, current_stream()>>>(data<float>(out), data<float>(x), n);
}

struct Point {
  float x, y, z;
};

// Arrays of structs: three floats side by side, each loaded by itself.
__global__ void points_in_structs(float* out, const Point* points, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = points[i].x + points[i].y * points[i].z;
}

void norm_of_structs(Tensor out, const Tensor& points) {
  const int n = int(out.numel());
  points_in_structs<<<blocks_of(n, 256), 256, 0, current_stream()>>>(data<float>(out), data<Point>(points), n);
}

// The same, all x before all y before all z.
__global__ void points_in_arrays(float* out, const float* x, const float* y, const float* z, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) out[i] = x[i] + y[i] * z[i];
}

void norm_of_arrays(Tensor out, const Tensor& points) {
  const int n = int(out.numel());
  const float* x = data<float>(points);
  points_in_arrays<<<blocks_of(n, 256), 256, 0, current_stream()>>>(data<float>(out), x, x + n, x + 2 * n, n);
}

// Structs of 16 bytes, loaded whole and stored field by field.
__global__ void points_of_four(float* x, float* y, const float4* points, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const float4 point = points[i];
  x[i] = point.x + point.z;
  y[i] = point.y + point.w;
}

void split_structs(Tensor x, Tensor y, const Tensor& points) {
  const int n = int(x.numel());
  points_of_four<<<blocks_of(n, 96), 96, 0, current_stream()>>>(data<float>(x), data<float>(y), data<float4>(points), n);
}
