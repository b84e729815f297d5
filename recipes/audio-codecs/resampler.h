/* The functions of both builds of the Speex resampler that codecs.c calls; see speexdsp/speex_resampler.h. */
typedef struct SpeexResamplerState_ SpeexResamplerState;

#define DECLARE(prefix)                                                                                         \
  SpeexResamplerState *prefix##_resampler_init(unsigned channels, unsigned in, unsigned out, int quality, int *error); \
  int prefix##_resampler_process_float(SpeexResamplerState *state, unsigned channel, const float *in,           \
                                       unsigned *in_length, float *out, unsigned *out_length);                  \
  int prefix##_resampler_skip_zeros(SpeexResamplerState *state);                                                \
  int prefix##_resampler_get_input_latency(SpeexResamplerState *state);

DECLARE(direct)
DECLARE(interpolated)
