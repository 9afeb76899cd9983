// Rows of images, read and written in float32.
#include "image_rows.h"

#include "clones.h"
#include "norm_act_pool.h"

namespace clinicadl {
namespace {

CLINICADL_CLONES void widen(const uint16_t* from, float* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    const uint32_t bits = static_cast<uint32_t>(from[i]) << 16;
    __builtin_memcpy(to + i, &bits, sizeof bits);
  }
}

// To the nearest, and to the even one of two that are as near; a NaN stays one.
CLINICADL_CLONES void narrow(const float* from, uint16_t* to, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    uint32_t bits;
    __builtin_memcpy(&bits, from + i, sizeof bits);
    const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16;
    to[i] = static_cast<uint16_t>((bits & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : rounded);
  }
}

}  // namespace

StoredRows::StoredRows(const at::Tensor& tensor, int64_t row)
    : whole_(tensor.scalar_type() == at::kFloat ? static_cast<float*>(tensor.data_ptr()) : nullptr),
      half_(whole_ == nullptr ? static_cast<uint16_t*>(tensor.data_ptr()) : nullptr),
      row_(row) {
  TORCH_INTERNAL_ASSERT(whole_ != nullptr || tensor.scalar_type() == at::kBFloat16);
}

const float* StoredRows::rows(int64_t first, int64_t count, float* room) const {
  if (whole_ != nullptr) return whole_ + first * row_;
  widen(half_ + first * row_, room, count * row_);
  return room;
}

float* StoredRows::begin(int64_t first, float* room) const { return whole_ != nullptr ? whole_ + first * row_ : room; }

void StoredRows::end(int64_t first, int64_t count, const float* rows) const {
  if (whole_ == nullptr) narrow(rows, half_ + first * row_, count * row_);
}

const float* ConvSource::rows(int64_t first, int64_t count, float* room) const {
  const int64_t row = conv_.out_width * conv_.out_channels;
  for (int64_t i = 0; i < count; ++i) conv_.row(first + i, room + i * row);
  return room;
}

ConvGradient::ConvGradient(const ConvRows& conv, int64_t slices)
    : conv_(conv), slices_(slices), zeros_(static_cast<size_t>(conv.out_channels)), sums_(static_cast<size_t>(slices * (conv.weight_count() + 2 * conv.out_channels))) {}

float* ConvGradient::begin(int64_t, float* room) const { return room; }

void ConvGradient::end(int64_t first, int64_t count, const float* rows) const {
  const int64_t row = conv_.out_width * conv_.out_channels, weights = conv_.weight_count();
  for (int64_t i = 0; i < count; ++i) {
    double* sums = sums_.data() + (first + i) / conv_.out_height * (weights + 2 * conv_.out_channels);
    conv_.add_weight_gradient(first + i, rows + i * row, sums);
    sum_row(rows + i * row, conv_.out_width, conv_.out_channels, zeros_.data(), sums + weights, sums + weights + conv_.out_channels);
  }
}

std::vector<double> ConvGradient::total(int64_t from, int64_t width) const {
  std::vector<double> out(static_cast<size_t>(width));
  const int64_t all = conv_.weight_count() + 2 * conv_.out_channels;
  for (int64_t slice = 0; slice < slices_; ++slice)
    for (int64_t j = 0; j < width; ++j) out[j] += sums_[slice * all + from + j];
  return out;
}
std::vector<double> ConvGradient::weights() const { return total(0, conv_.weight_count()); }
std::vector<double> ConvGradient::bias() const { return total(conv_.weight_count(), conv_.out_channels); }

}  // namespace clinicadl
