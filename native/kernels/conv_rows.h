// Rows of a convolution with kernels of 3 voxels each way over a channels-last image, in float32, for few channels: where oneDNN's
// convolutions are at a third of what the processor can do, or less. The image is padded already, so that a row has no borders.
#pragma once
#include <cstdint>
#include <vector>

namespace clinicadl {

struct ConvRows {
  const float* image;      // N × depth × height × width × channels, padded
  int64_t channels, depth, height, width;
  int64_t out_channels, out_depth, out_height, out_width;
  int64_t stride_d, stride_h, stride_w;
  const float* weights;    // as pack_conv_weights makes them
  const float* bias;       // padded_channels(out_channels) numbers

  // Row r of the image that comes out, of those of all images and slices in their order: out_width × out_channels numbers.
  void row(int64_t r, float* out) const;
  // Adds the gradient of the weights that row r has, given the gradient of what came out; `sums` is ordered as `weights`.
  void add_weight_gradient(int64_t r, const float* gradient, double* sums) const;
  // The number of packed weights.
  int64_t weight_count() const;

  const float* corner(int64_t r) const;
};

// Output channels are taken in blocks of so many; the last is filled with zeros.
int64_t conv_lanes(int64_t out_channels);
int64_t padded_channels(int64_t out_channels);

// (out, in, 3, 3, 3) to blocks of output channels × 3 × 3 × (3 · in) × lanes. `transposed`: the weights of the convolution that the
// gradient of the image is, of an image of `out` channels to one of `in`.
std::vector<float> pack_conv_weights(const float* weights, int64_t out_channels, int64_t in_channels, bool transposed);
// The gradient of weights, back in their order.
void unpack_conv_weights(const double* sums, int64_t out_channels, int64_t in_channels, float* weights);

}  // namespace clinicadl
