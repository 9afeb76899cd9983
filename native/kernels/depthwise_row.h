// The gradient of the weights of a depthwise convolution, in which each channel has a kernel of its own: what a row of the gradient
// and a row of the image, both channels-last and in float32, add to it.
#pragma once
#include <cstdint>

namespace clinicadl {

struct DepthwiseRow {
  int64_t channels;
  int64_t voxels;  // of the row of the gradient
  int64_t taps;    // of the kernel, along the row
  int64_t step;    // voxels of the image from what one tap sees to what the next one sees
};

// sums[t · channels + c] += Σ over v of gradient[v · channels + c] · image[(v + t · step) · channels + c]; the image's row is padded.
void add_depthwise_gradient(const DepthwiseRow& row, const float* image, const float* gradient, double* sums);

}  // namespace clinicadl
