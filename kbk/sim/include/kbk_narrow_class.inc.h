// The classes of one 16-bit format: the number, the pair, and their raw forms. Included once per format with
//   KBK_T, KBK_T2, KBK_RAW, KBK_RAW2   the names of the types
//   KBK_OTHER                          the number of the other format
//   KBK_FORMAT                         its format in kbk_narrow_format.h
//   KBK_CONVERSIONS                    1 unless a __CUDA_NO_..._CONVERSIONS__ macro took conversions away

struct alignas(2) KBK_RAW {
  unsigned short x;
};

struct alignas(4) KBK_RAW2 {
  unsigned short x, y;
};

struct alignas(2) KBK_T {
 protected:
  unsigned short __x;

 public:
  KBK_T() = default;
  constexpr KBK_T(const KBK_RAW& raw) : __x(raw.x) {}
  KBK_T& operator=(const KBK_RAW& raw) {
    __x = raw.x;
    return *this;
  }
  volatile KBK_T& operator=(const KBK_RAW& raw) volatile {
    __x = raw.x;
    return *this;
  }
  constexpr operator KBK_RAW() const { return KBK_RAW{__x}; }
  operator KBK_RAW() const volatile { return KBK_RAW{__x}; }

#if KBK_CONVERSIONS
  explicit KBK_T(const KBK_OTHER& value);
  KBK_T(float value) : __x(kbk::num::narrow<KBK_FORMAT>(value)) {}
  KBK_T(double value) : __x(kbk::num::narrow<KBK_FORMAT>(value)) {}
  operator float() const { return KBK_FORMAT::widen(__x); }
  KBK_T& operator=(float value) { return *this = KBK_T(value); }
  KBK_T& operator=(double value) { return *this = KBK_T(value); }

#define KBK_FROM_INTEGER(Integer)                                                            \
  KBK_T(Integer value) : __x(kbk::num::narrow<KBK_FORMAT>(kbk::num::odd_double(value))) {}   \
  KBK_T& operator=(Integer value) { return *this = KBK_T(value); }
  KBK_FROM_INTEGER(short)
  KBK_FROM_INTEGER(unsigned short)
  KBK_FROM_INTEGER(int)
  KBK_FROM_INTEGER(unsigned int)
  KBK_FROM_INTEGER(long)
  KBK_FROM_INTEGER(unsigned long)
  KBK_FROM_INTEGER(long long)
  KBK_FROM_INTEGER(unsigned long long)
#undef KBK_FROM_INTEGER

  // Toward zero, saturated; NaN gives zero, or only the top bit of 64.
#define KBK_TO_INTEGER(Integer, nan) \
  operator Integer() const { return kbk::num::saturated<Integer>(KBK_FORMAT::widen(__x), nan); }
  KBK_TO_INTEGER(signed char, 0)
  KBK_TO_INTEGER(unsigned char, 0)
  KBK_TO_INTEGER(char, 0)
  KBK_TO_INTEGER(short, 0)
  KBK_TO_INTEGER(unsigned short, 0)
  KBK_TO_INTEGER(int, 0)
  KBK_TO_INTEGER(unsigned int, 0u)
  KBK_TO_INTEGER(long, sizeof(long) == 8 ? kbk::num::top_bit<long>() : 0l)
  KBK_TO_INTEGER(unsigned long, sizeof(long) == 8 ? kbk::num::top_bit<unsigned long>() : 0ul)
  KBK_TO_INTEGER(long long, kbk::num::top_bit<long long>())
  KBK_TO_INTEGER(unsigned long long, kbk::num::top_bit<unsigned long long>())
#undef KBK_TO_INTEGER
  operator bool() const { return (__x & 0x7fff) != 0; }
#endif  // KBK_CONVERSIONS
};

struct alignas(4) KBK_T2 {
  KBK_T x, y;

  KBK_T2() = default;
#ifdef KBK_TRACED
  KBK_WHOLE_MOVES(KBK_T2, 4)
#endif
  constexpr KBK_T2(const KBK_T& low, const KBK_T& high) : x(low), y(high) {}
  KBK_T2(const KBK_RAW2& raw) : x(KBK_RAW{raw.x}), y(KBK_RAW{raw.y}) {}
  operator KBK_RAW2() const { return KBK_RAW2{KBK_RAW(x).x, KBK_RAW(y).x}; }
};
