// The classes of one 8-bit format, alone and in twos and fours. Included once per format with
//   KBK_T, KBK_X2, KBK_X4   the names of the classes
//   KBK_KIND                __NV_E4M3 or __NV_E5M2
// Every conversion is explicit, and saturates to the largest finite number.

struct alignas(1) KBK_T {
  __nv_fp8_storage_t __x;

  KBK_T() = default;
  explicit KBK_T(__half h) : __x(__nv_cvt_halfraw_to_fp8(h, __NV_SATFINITE, KBK_KIND)) {}
  explicit KBK_T(__nv_bfloat16 h) : __x(__nv_cvt_bfloat16raw_to_fp8(h, __NV_SATFINITE, KBK_KIND)) {}
  explicit KBK_T(float x) : __x(__nv_cvt_float_to_fp8(x, __NV_SATFINITE, KBK_KIND)) {}
  explicit KBK_T(double x) : __x(__nv_cvt_double_to_fp8(x, __NV_SATFINITE, KBK_KIND)) {}
#define KBK_FROM_INTEGER(Integer) \
  explicit KBK_T(Integer x) : __x(__nv_cvt_double_to_fp8(kbk::num::odd_double(x), __NV_SATFINITE, KBK_KIND)) {}
  KBK_FROM_INTEGER(unsigned short)
  KBK_FROM_INTEGER(unsigned int)
  KBK_FROM_INTEGER(unsigned long)
  KBK_FROM_INTEGER(unsigned long long)
  KBK_FROM_INTEGER(short)
  KBK_FROM_INTEGER(int)
  KBK_FROM_INTEGER(long)
  KBK_FROM_INTEGER(long long)
#undef KBK_FROM_INTEGER

  explicit operator float() const { return kbk::num::from_fp8(__x, KBK_KIND); }
  explicit operator double() const { return float(*this); }
  explicit operator __half() const { return __half(__nv_cvt_fp8_to_halfraw(__x, KBK_KIND)); }
  explicit operator __nv_bfloat16() const {
    return __nv_bfloat16(__nv_bfloat16_raw{kbk::num::BFloat16Format::nearest(float(*this))});
  }
#define KBK_TO_INTEGER(Integer, nan) \
  explicit operator Integer() const { return kbk::num::saturated<Integer>(float(*this), nan); }
  KBK_TO_INTEGER(unsigned char, 0)
  KBK_TO_INTEGER(unsigned short, 0)
  KBK_TO_INTEGER(unsigned int, 0u)
  KBK_TO_INTEGER(unsigned long, sizeof(long) == 8 ? kbk::num::top_bit<unsigned long>() : 0ul)
  KBK_TO_INTEGER(unsigned long long, kbk::num::top_bit<unsigned long long>())
  KBK_TO_INTEGER(signed char, 0)
  KBK_TO_INTEGER(char, 0)
  KBK_TO_INTEGER(short, 0)
  KBK_TO_INTEGER(int, 0)
  KBK_TO_INTEGER(long, sizeof(long) == 8 ? kbk::num::top_bit<long>() : 0l)
  KBK_TO_INTEGER(long long, kbk::num::top_bit<long long>())
#undef KBK_TO_INTEGER
  explicit operator bool() const { return (__x & 0x7f) != 0; }
};

struct alignas(2) KBK_X2 {
  __nv_fp8x2_storage_t __x;

  KBK_X2() = default;
  explicit KBK_X2(__half2 v) : __x(__nv_cvt_halfraw2_to_fp8x2(v, __NV_SATFINITE, KBK_KIND)) {}
  explicit KBK_X2(__nv_bfloat162 v) : __x(__nv_cvt_bfloat16raw2_to_fp8x2(v, __NV_SATFINITE, KBK_KIND)) {}
  explicit KBK_X2(float2 v) : __x(__nv_cvt_float2_to_fp8x2(v, __NV_SATFINITE, KBK_KIND)) {}
  explicit KBK_X2(double2 v) : __x(__nv_cvt_double2_to_fp8x2(v, __NV_SATFINITE, KBK_KIND)) {}
  explicit operator __half2() const { return __half2(__nv_cvt_fp8x2_to_halfraw2(__x, KBK_KIND)); }
  explicit operator float2() const {
    return float2{kbk::num::from_fp8(static_cast<__nv_fp8_storage_t>(__x & 0xff), KBK_KIND),
                  kbk::num::from_fp8(static_cast<__nv_fp8_storage_t>(__x >> 8), KBK_KIND)};
  }
};

struct alignas(4) KBK_X4 {
  __nv_fp8x4_storage_t __x;

  KBK_X4() = default;
  explicit KBK_X4(__half2 low, __half2 high) : __x(joined(KBK_X2(low), KBK_X2(high))) {}
  explicit KBK_X4(__nv_bfloat162 low, __nv_bfloat162 high) : __x(joined(KBK_X2(low), KBK_X2(high))) {}
  explicit KBK_X4(float4 v) : __x(joined(KBK_X2(float2{v.x, v.y}), KBK_X2(float2{v.z, v.w}))) {}
#define KBK_FROM_DOUBLES(Double4) \
  explicit KBK_X4(Double4 v) : __x(joined(KBK_X2(double2{v.x, v.y}), KBK_X2(double2{v.z, v.w}))) {}
  KBK_FROM_DOUBLES(double4)
  KBK_FROM_DOUBLES(double4_16a)
  KBK_FROM_DOUBLES(double4_32a)
#undef KBK_FROM_DOUBLES
  explicit operator float4() const {
    KBK_X2 low, high;
    low.__x = static_cast<__nv_fp8x2_storage_t>(__x & 0xffff);
    high.__x = static_cast<__nv_fp8x2_storage_t>(__x >> 16);
    const float2 a = float2(low), b = float2(high);
    return float4{a.x, a.y, b.x, b.y};
  }

 private:
  static __nv_fp8x4_storage_t joined(KBK_X2 low, KBK_X2 high) {
    return low.__x | (static_cast<__nv_fp8x4_storage_t>(high.__x) << 16);
  }
};
