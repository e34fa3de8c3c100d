// A page table is a row too short for the longest sequence: the page number comes from the next allocation's bytes.
// calls: run(out: int32[64] = zeros, pages: int32[7] = arange, lengths: int32[4] = values(10, 64, 3, 33))
// expect: kind=out-of-bounds severity=error line=@bug block=[1,0,0] var=pages
// shape: pointer
// from: kernels.md 15 no. 5, page table shorter than the row
// gpu: memcheck=error
struct Cache {
  const int* pages;
  const int* lengths;
};
__global__ void look_up(int* out, Cache cache) {
  const int i = threadIdx.x;
  if (i * 8 >= cache.lengths[blockIdx.x]) return;
  const int* page = cache.pages + i;
  const int id = *page;  // @bug
  out[blockIdx.x * blockDim.x + i] = id;
}
void run(Tensor out, const Tensor& pages, const Tensor& lengths) {
  look_up<<<4, 16, 0, current_stream()>>>(out.mutable_data_ptr<int>(),
                                          Cache{pages.const_data_ptr<int>(), lengths.const_data_ptr<int>()});
}
