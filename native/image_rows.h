// Images whose rows are read and written in float32, whatever they are kept in: float32, bfloat16, or, of an image that a convolution
// makes, nothing at all. Rows are counted over all images, slices and rows in their order.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/conv_rows.h"

namespace clinicadl {

// Where rows come from. `room` has place for what is asked for, and need not be used.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual const float* rows(int64_t first, int64_t count, float* room) const = 0;
};

// Where rows go: what `begin` returned is filled, then given to `end`.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual float* begin(int64_t first, float* room) const = 0;
  virtual void end(int64_t first, int64_t count, const float* rows) const = 0;
};

// A channels-last tensor of float32 or bfloat16; of rows of so many numbers.
class StoredRows final : public RowSource, public RowSink {
 public:
  StoredRows(const at::Tensor& tensor, int64_t row);
  const float* rows(int64_t first, int64_t count, float* room) const override;
  float* begin(int64_t first, float* room) const override;
  void end(int64_t first, int64_t count, const float* rows) const override;

 private:
  float* whole_;     // null: bfloat16
  uint16_t* half_;
  int64_t row_;
};

// The image that a convolution makes; its rows are computed each time that they are asked for.
class ConvSource final : public RowSource {
 public:
  explicit ConvSource(const ConvRows& conv) : conv_(conv) {}
  const float* rows(int64_t first, int64_t count, float* room) const override;

 private:
  const ConvRows& conv_;
};

// The gradient of the image that a convolution makes: it goes into that of the weights and the bias, and is not kept. Sums are kept by
// slice, so that they do not depend on threads.
class ConvGradient final : public RowSink {
 public:
  ConvGradient(const ConvRows& conv, int64_t slices);
  float* begin(int64_t first, float* room) const override;
  void end(int64_t first, int64_t count, const float* rows) const override;
  // The sums of all slices; packed weights, and bias.
  std::vector<double> weights() const;
  std::vector<double> bias() const;

 private:
  std::vector<double> total(int64_t from, int64_t width) const;
  const ConvRows& conv_;
  int64_t slices_;
  std::vector<float> zeros_;  // what sums of rows are about
  mutable std::vector<double> sums_;
};

}  // namespace clinicadl
