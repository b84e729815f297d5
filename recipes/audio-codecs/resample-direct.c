/* The Speex resampler with a table of every phase of the filter: fast, for rates in a simple ratio to 16 kHz. */
#include <wasm_simd128.h>

/* `length` is a multiple of 8; eight partial sums keep the rounding below 24 bits for the longest filters. */
static inline float dot(const float *a, const float *b, unsigned int length) {
  v128_t low = wasm_f32x4_splat(0), high = wasm_f32x4_splat(0);
  for (unsigned int i = 0; i < length; i += 8) {
    low = wasm_f32x4_add(low, wasm_f32x4_mul(wasm_v128_load(a + i), wasm_v128_load(b + i)));
    high = wasm_f32x4_add(high, wasm_f32x4_mul(wasm_v128_load(a + i + 4), wasm_v128_load(b + i + 4)));
  }
  v128_t sum = wasm_f32x4_add(low, high);
  return (wasm_f32x4_extract_lane(sum, 0) + wasm_f32x4_extract_lane(sum, 1)) +
         (wasm_f32x4_extract_lane(sum, 2) + wasm_f32x4_extract_lane(sum, 3));
}

#define OVERRIDE_INNER_PRODUCT_SINGLE
#define OVERRIDE_INNER_PRODUCT_DOUBLE
#define inner_product_single dot
#define inner_product_double dot

#define OUTSIDE_SPEEX
#define FLOATING_POINT
#define EXPORT
#define RANDOM_PREFIX direct
#define RESAMPLE_FULL_SINC_TABLE
#include "speexdsp/resample.c"
