// Several voxels of a row at a time, times all lanes of a block of output channels, stay in registers while all that they see of the
// image goes by. As many as the registers of the processor hold.
#include "conv_rows.h"

#include <cstring>

#include "lanes.h"

namespace clinicadl {
namespace {

template <typename V, bool kWhole>
CLINICADL_INLINE void store(float* p, const V& v, int64_t count) {
  __builtin_memcpy(p, &v, (kWhole ? lanes<V> : count) * sizeof(float));
}

// How a block of output channels walks over the image.
struct Walk {
  const float* at;       // the first voxel that the first voxel of the row sees
  int64_t step;          // from there to what the next voxel sees
  int64_t row, slice;    // to the next row, and slice, of the image
  int64_t seen;          // numbers that a voxel sees of a row: 3 · channels
};

// `kVoxels` voxels of the row. `kStep`: the step where it is known at compile time, else 0.
template <typename V, int kVoxels, int kStep, bool kWhole>
CLINICADL_INLINE void conv_voxels(const Walk& walk, const float* at, const float* w, const V& bias, float* out, int64_t between, int64_t count) {
  const int64_t step = kStep != 0 ? kStep : walk.step;
  V sums[kVoxels];
#pragma GCC unroll 16
  for (int v = 0; v < kVoxels; ++v) sums[v] = bias;
  for (int64_t d = 0; d < 3; ++d)
    for (int64_t h = 0; h < 3; ++h) {
      const float* p = at + d * walk.slice + h * walk.row;
      if constexpr (kStep == 1) {
        // one channel, no stride: three voxels see each number
        V w0, w1, w2;
        load<V, true>(w0, w, 0), load<V, true>(w1, w + lanes<V>, 0), load<V, true>(w2, w + 2 * lanes<V>, 0);
        w += 3 * lanes<V>;
#pragma GCC unroll 18
        for (int v = 0; v < kVoxels + 2; ++v) {
          const V x = p[v] - V{};
          if (v < kVoxels) sums[v < kVoxels ? v : 0] += w0 * x;
          if (v >= 1 && v <= kVoxels) sums[v >= 1 && v <= kVoxels ? v - 1 : 0] += w1 * x;
          if (v >= 2) sums[v >= 2 ? v - 2 : 0] += w2 * x;
        }
      } else {
#pragma GCC unroll 1
        for (int64_t t = 0; t < walk.seen; ++t) {
          V weight;
          load<V, true>(weight, w, 0);
          w += lanes<V>;
#pragma GCC unroll 16
          for (int v = 0; v < kVoxels; ++v) sums[v] += weight * p[v * step + t];
        }
      }
    }
#pragma GCC unroll 16
  for (int v = 0; v < kVoxels; ++v) store<V, kWhole>(out + v * between, sums[v], count);
}

template <typename V, int kVoxels, int kStep, bool kWhole>
CLINICADL_INLINE void conv_block(const Walk& walk, const float* w, const float* bias, float* out, int64_t voxels, int64_t between, int64_t count) {
  V b;
  load<V, true>(b, bias, 0);
  int64_t v = 0;
  for (; v + kVoxels <= voxels; v += kVoxels) conv_voxels<V, kVoxels, kStep, kWhole>(walk, walk.at + v * walk.step, w, b, out + v * between, between, count);
  for (; v + 4 <= voxels; v += 4) conv_voxels<V, 4, kStep, kWhole>(walk, walk.at + v * walk.step, w, b, out + v * between, between, count);
  for (; v < voxels; ++v) conv_voxels<V, 1, kStep, kWhole>(walk, walk.at + v * walk.step, w, b, out + v * between, between, count);
}

template <typename V, int kVoxels, int kStep>
CLINICADL_INLINE void conv_row(const ConvRows& c, const Walk& walk, float* out) {
  const int64_t block = 9 * walk.seen * lanes<V>;
  int64_t j = 0;
  for (; j + lanes<V> <= c.out_channels; j += lanes<V>)
    conv_block<V, kVoxels, kStep, true>(walk, c.weights + j / lanes<V> * block, c.bias + j, out + j, c.out_width, c.out_channels, 0);
  if (j < c.out_channels)
    conv_block<V, kVoxels, kStep, false>(walk, c.weights + j / lanes<V> * block, c.bias + j, out + j, c.out_width, c.out_channels, c.out_channels - j);
}

// Sums over the row of the gradient times what `kSeen` numbers of three rows of the image are, in three rows of `sums`.
template <typename V, int kSeen, bool kWhole>
CLINICADL_INLINE void gradient_block(const Walk& walk, const float* first, const float* gradient, double* to, int64_t voxels, int64_t between, int64_t count) {
  V sums[3 * kSeen] = {};
  const float *second = first + walk.row, *third = second + walk.row;
  for (int64_t v = 0; v < voxels; ++v) {
    V g;
    load<V, kWhole>(g, gradient + v * between, count);
#pragma GCC unroll 8
    for (int t = 0; t < kSeen; ++t) sums[t] += g * first[v * walk.step + t];
#pragma GCC unroll 8
    for (int t = 0; t < kSeen; ++t) sums[kSeen + t] += g * second[v * walk.step + t];
#pragma GCC unroll 8
    for (int t = 0; t < kSeen; ++t) sums[2 * kSeen + t] += g * third[v * walk.step + t];
  }
  for (int h = 0; h < 3; ++h)
    for (int t = 0; t < kSeen; ++t) {
      float found[lanes<V>];
      __builtin_memcpy(found, &sums[h * kSeen + t], sizeof found);
      for (int64_t l = 0; l < lanes<V>; ++l) to[(h * walk.seen + t) * lanes<V> + l] += found[l];
    }
}

template <typename V, bool kWhole>
CLINICADL_INLINE void gradient_rows(const Walk& walk, const float* gradient, double* to, int64_t voxels, int64_t between, int64_t count) {
  for (int64_t d = 0; d < 3; ++d)
    for (int64_t t = 0; t < walk.seen; t += 3)
      gradient_block<V, 3, kWhole>(walk, walk.at + d * walk.slice + t, gradient, to + (d * 3 * walk.seen + t) * lanes<V>, voxels, between, count);
}

template <typename V>
CLINICADL_INLINE void weight_gradient(const ConvRows& c, const Walk& walk, const float* gradient, double* to) {
  const int64_t block = 9 * walk.seen * lanes<V>;
  int64_t j = 0;
  for (; j + lanes<V> <= c.out_channels; j += lanes<V>) gradient_rows<V, true>(walk, gradient + j, to + j / lanes<V> * block, c.out_width, c.out_channels, 0);
  if (j < c.out_channels) gradient_rows<V, false>(walk, gradient + j, to + j / lanes<V> * block, c.out_width, c.out_channels, c.out_channels - j);
}

// Wide blocks are for many output channels: of 8, half of each would be zeros.
bool wide(int64_t out_channels) { return instruction_set() == Set::kAvx512 && out_channels > 8; }

#if defined(__x86_64__)
CLINICADL_AVX2 void row_avx2(const ConvRows& c, const Walk& walk, float* out) {
  if (walk.step == 1) conv_row<Floats8, 12, 1>(c, walk, out);
  else conv_row<Floats8, 12, 0>(c, walk, out);
}
CLINICADL_AVX512 void row_avx512(const ConvRows& c, const Walk& walk, float* out) {
  if (wide(c.out_channels)) {
    if (walk.step == 1) conv_row<Floats16, 16, 1>(c, walk, out);
    else conv_row<Floats16, 12, 0>(c, walk, out);
  } else {
    if (walk.step == 1) conv_row<Floats8, 16, 1>(c, walk, out);
    else conv_row<Floats8, 12, 0>(c, walk, out);
  }
}
CLINICADL_AVX2 void gradient_avx2(const ConvRows& c, const Walk& walk, const float* gradient, double* sums) { weight_gradient<Floats8>(c, walk, gradient, sums); }
CLINICADL_AVX512 void gradient_avx512(const ConvRows& c, const Walk& walk, const float* gradient, double* sums) {
  if (wide(c.out_channels)) weight_gradient<Floats16>(c, walk, gradient, sums);
  else weight_gradient<Floats8>(c, walk, gradient, sums);
}
#endif

Walk walk_of(const ConvRows& c, int64_t r) {
  return {c.corner(r), c.stride_w * c.channels, c.width * c.channels, c.height * c.width * c.channels, 3 * c.channels};
}

}  // namespace

const float* ConvRows::corner(int64_t r) const {
  const int64_t h = r % out_height, d = r / out_height % out_depth, n = r / out_height / out_depth;
  return image + ((n * depth + d * stride_d) * height + h * stride_h) * width * channels;
}

void ConvRows::row(int64_t r, float* out) const {
  const Walk walk = walk_of(*this, r);
#if defined(__x86_64__)
  if (instruction_set() == Set::kAvx512) return row_avx512(*this, walk, out);
  if (instruction_set() == Set::kAvx2) return row_avx2(*this, walk, out);
#endif
  conv_row<Floats8, 4, 0>(*this, walk, out);
}

void ConvRows::add_weight_gradient(int64_t r, const float* gradient, double* sums) const {
  const Walk walk = walk_of(*this, r);
#if defined(__x86_64__)
  if (instruction_set() == Set::kAvx512) return gradient_avx512(*this, walk, gradient, sums);
  if (instruction_set() == Set::kAvx2) return gradient_avx2(*this, walk, gradient, sums);
#endif
  weight_gradient<Floats8>(*this, walk, gradient, sums);
}

int64_t ConvRows::weight_count() const { return 27 * channels * padded_channels(out_channels); }

int64_t conv_lanes(int64_t out_channels) { return wide(out_channels) ? 16 : 8; }

int64_t padded_channels(int64_t out_channels) {
  const int64_t block = conv_lanes(out_channels);
  return (out_channels + block - 1) / block * block;
}

std::vector<float> pack_conv_weights(const float* weights, int64_t out_channels, int64_t in_channels, bool transposed) {
  // of the convolution that is packed
  const int64_t to = transposed ? in_channels : out_channels, from = transposed ? out_channels : in_channels;
  const int64_t block = conv_lanes(to);
  std::vector<float> packed(static_cast<size_t>(27 * from * padded_channels(to)));
  for (int64_t o = 0; o < to; ++o)
    for (int64_t i = 0; i < from; ++i)
      for (int64_t k = 0; k < 27; ++k) {
        const float w = transposed ? weights[(i * in_channels + o) * 27 + 26 - k] : weights[(o * in_channels + i) * 27 + k];
        packed[static_cast<size_t>((o / block * 27 * from + k * from + i) * block + o % block)] = w;
      }
  return packed;
}

void unpack_conv_weights(const double* sums, int64_t out_channels, int64_t in_channels, float* weights) {
  const int64_t block = conv_lanes(out_channels);
  for (int64_t o = 0; o < out_channels; ++o)
    for (int64_t i = 0; i < in_channels; ++i)
      for (int64_t k = 0; k < 27; ++k)
        weights[(o * in_channels + i) * 27 + k] = static_cast<float>(sums[(o / block * 27 * in_channels + k * in_channels + i) * block + o % block]);
}

}  // namespace clinicadl
