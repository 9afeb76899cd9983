// A convolution of few channels as the source of an image: what `ConvRows` needs of tensors, and of the layer's options.
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "kernels/conv_rows.h"

namespace clinicadl {

// An image (N, C, D, H, W) of float32 or bfloat16 with zeros around it, as float32 of N × D × H × W × C.
at::Tensor padded_image(const at::Tensor& x, at::IntArrayRef padding);

// Holds what `rows` points to.
struct ConvImage {
  // `padded`: as above. The kernel's weights are float32, (out, in, 3, 3, 3); `transposed` as for `pack_conv_weights`.
  ConvImage(at::Tensor padded, const at::Tensor& weight, const std::optional<at::Tensor>& bias, at::IntArrayRef stride, bool transposed = false);
  ConvImage(const ConvImage&) = delete;
  ConvImage& operator=(const ConvImage&) = delete;

  at::Tensor padded;
  std::vector<float> weights, bias;
  ConvRows rows;
};

}  // namespace clinicadl
