/*
 * MP3, FLAC and Ogg Vorbis decoding for src/engine/audio, as one WebAssembly module without imports but `source`.
 * The decoders are dr_mp3 and dr_flac (in miniaudio.h) and stb_vorbis, all of them in the public domain or MIT-0; the
 * resampler is that of SpeexDSP (BSD-3-Clause).
 * One instance of the module decodes one file. Memory that is handed out stays valid until the next call.
 */
#define MA_NO_DEVICE_IO
#define MA_NO_THREADING
#define MA_NO_ENCODING
#define MA_NO_WAV
#define MA_NO_GENERATION
#define MA_NO_ENGINE
#define MA_NO_NODE_GRAPH
#define MA_NO_RESOURCE_MANAGER
#define MA_NO_RUNTIME_LINKING
#define MA_API static __attribute__((unused))
#define MA_DR_MP3_FLOAT_OUTPUT
#define MINIAUDIO_IMPLEMENTATION
#include "miniaudio.h"

#define STB_VORBIS_NO_STDIO
#define STB_VORBIS_NO_PULLDATA_API
#include "stb_vorbis.c"

#include "resampler.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define IMPORT(name) __attribute__((import_module("source"), import_name(#name)))

/** Copies up to `count` bytes of the file to `into`; returns how many, 0 at the end of the file. */
IMPORT(read) int source_read(void *into, int count);
/** Skips `count` bytes; returns 1, or 0 where the file ends before. */
IMPORT(skip) int source_skip(int count);

EXPORT(allocate) void *allocate(int bytes) { return malloc((size_t)bytes); }
EXPORT(release) void release(void *pointer) { free(pointer); }

/* What is known of the sound; `frames` of the last decode call. */
static int channels, rate, bits;
static double total = -1;
static float *samples;

EXPORT(channels) int get_channel_count(void) { return channels; }
EXPORT(rate) int get_sample_rate(void) { return rate; }
EXPORT(bits) int get_bit_depth(void) { return bits; }
EXPORT(total) double get_total(void) { return total; }
/** Interleaved samples of the last decode call, frames * channels of them. */
EXPORT(samples) float *get_samples(void) { return samples; }

/* ---- MP3: the caller holds the bytes, one frame a call ---- */

static ma_dr_mp3dec mp3;
static ma_dr_mp3dec_frame_info mp3_info;

EXPORT(mp3_open) int mp3_open(void) {
  ma_dr_mp3dec_init(&mp3);
  if (!samples) samples = malloc(sizeof(float) * MA_DR_MP3_MAX_SAMPLES_PER_FRAME);
  return samples != NULL;
}

/** Decodes the first frame found in `bytes`; returns its samples per channel, 0 where there is none or it is damaged. */
EXPORT(mp3_decode) int mp3_decode(const unsigned char *bytes, int count) {
  int frames = ma_dr_mp3dec_decode_frame(&mp3, bytes, count, samples, &mp3_info);
  if (frames > 0) {
    channels = mp3_info.channels;
    rate = mp3_info.sample_rate;
  }
  return frames;
}

/** How many bytes the last call used, with what was skipped before the frame; 0: it needs more bytes. */
EXPORT(mp3_used) int mp3_used(void) { return mp3_info.frame_bytes; }
/** 1, 2 or 3; of the last frame. */
EXPORT(mp3_layer) int mp3_layer(void) { return mp3_info.layer; }

/* ---- FLAC: the decoder pulls the bytes ---- */

static ma_dr_flac *flac;
static ma_int64 flac_position;

static size_t flac_read(void *user, void *into, size_t count) {
  (void)user;
  size_t done = 0;
  while (done < count) {
    int got = source_read((char *)into + done, (int)(count - done));
    if (got <= 0) break;
    done += (size_t)got;
  }
  flac_position += (ma_int64)done;
  return done;
}

static ma_bool32 flac_seek(void *user, int offset, ma_dr_flac_seek_origin origin) {
  (void)user;
  ma_int64 distance = origin == MA_DR_FLAC_SEEK_CUR ? offset : origin == MA_DR_FLAC_SEEK_SET ? offset - flac_position : -1;
  if (distance < 0) return MA_FALSE; /* The source only goes forward. */
  if (distance > 0 && !source_skip((int)distance)) return MA_FALSE;
  flac_position += distance;
  return MA_TRUE;
}

static ma_bool32 flac_tell(void *user, ma_int64 *cursor) {
  (void)user;
  *cursor = flac_position;
  return MA_TRUE;
}

EXPORT(flac_open) int flac_open(int most_frames) {
  flac = ma_dr_flac_open(flac_read, flac_seek, flac_tell, NULL, NULL);
  if (!flac) return 0;
  channels = flac->channels;
  rate = (int)flac->sampleRate;
  bits = flac->bitsPerSample;
  total = flac->totalPCMFrameCount ? (double)flac->totalPCMFrameCount : -1;
  samples = malloc(sizeof(float) * (size_t)most_frames * (size_t)channels);
  return samples != NULL;
}

EXPORT(flac_decode) int flac_decode(int most_frames) {
  return (int)ma_dr_flac_read_pcm_frames_f32(flac, (ma_uint64)most_frames, samples);
}

/* ---- Ogg Vorbis: the caller holds the bytes ---- */

static stb_vorbis *vorbis;
static int vorbis_used_bytes, vorbis_error_code;

/** Reads the headers at the start of `bytes`; returns 1, 0 where more bytes are needed, -1 where it is no Vorbis. */
EXPORT(vorbis_open) int vorbis_open(const unsigned char *bytes, int count) {
  vorbis_used_bytes = 0;
  vorbis = stb_vorbis_open_pushdata(bytes, count, &vorbis_used_bytes, &vorbis_error_code, NULL);
  if (!vorbis) return vorbis_error_code == VORBIS_need_more_data ? 0 : -1;
  stb_vorbis_info info = stb_vorbis_get_info(vorbis);
  channels = info.channels;
  rate = (int)info.sample_rate;
  samples = malloc(sizeof(float) * (size_t)info.max_frame_size * (size_t)channels);
  return samples != NULL ? 1 : -1;
}

/** Decodes one block; returns its samples per channel. `vorbis_used` 0 and no samples: it needs more bytes. */
EXPORT(vorbis_decode) int vorbis_decode(const unsigned char *bytes, int count) {
  float **planes = NULL;
  int planes_count = 0, frames = 0;
  vorbis_used_bytes = stb_vorbis_decode_frame_pushdata(vorbis, bytes, count, &planes_count, &planes, &frames);
  for (int channel = 0; channel < planes_count && frames > 0; channel++) {
    for (int i = 0; i < frames; i++) samples[i * planes_count + channel] = planes[channel][i];
  }
  return frames;
}

EXPORT(vorbis_used) int vorbis_used(void) { return vorbis_used_bytes; }
/** The decoder's last error, cleared by asking. */
EXPORT(vorbis_error) int vorbis_error(void) { return stb_vorbis_get_error(vorbis); }

/* ---- Resampling of one channel ---- */

static SpeexResamplerState *resampler;
static int resampler_interpolates;

/** Prepares for `from` -> `to` Hz; returns the filter's delay in input samples, or -1. `divisor`: their greatest. */
EXPORT(resample_open) int resample_open(int from, int to, int divisor) {
  int error = 0;
  resampler_interpolates = to / divisor > 2000;
  resampler = resampler_interpolates ? interpolated_resampler_init(1, from, to, 10, &error)
                                     : direct_resampler_init(1, from, to, 10, &error);
  if (!resampler) return -1;
  if (resampler_interpolates) interpolated_resampler_skip_zeros(resampler);
  else direct_resampler_skip_zeros(resampler);
  return resampler_interpolates ? interpolated_resampler_get_input_latency(resampler)
                                : direct_resampler_get_input_latency(resampler);
}

/** Resamples all of `in`; `out` must have room for it. Returns how many samples were written. */
EXPORT(resample) int resample(const float *in, int in_length, float *out, int out_capacity) {
  int written = 0;
  while (in_length > 0) {
    unsigned used = (unsigned)in_length, made = (unsigned)(out_capacity - written);
    if (resampler_interpolates) interpolated_resampler_process_float(resampler, 0, in, &used, out + written, &made);
    else direct_resampler_process_float(resampler, 0, in, &used, out + written, &made);
    if (used == 0 && made == 0) break;
    in += used;
    in_length -= (int)used;
    written += (int)made;
  }
  return written;
}
