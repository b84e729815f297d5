/* The Speex resampler with the phases of the filter interpolated: bounded memory, for any other rate. */
#define OUTSIDE_SPEEX
#define FLOATING_POINT
#define EXPORT
#define RANDOM_PREFIX interpolated
#include "speexdsp/resample.c"
