// A convolution of few channels as the source of an image.
#include "conv_image.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

#include "image_rows.h"
#include "parallel.h"

namespace clinicadl {

at::Tensor padded_image(const at::Tensor& given, at::IntArrayRef padding) {
  const at::Tensor x = given.contiguous(at::MemoryFormat::ChannelsLast3d);
  const int64_t n = x.size(0), c = x.size(1), d = x.size(2), h = x.size(3), w = x.size(4);
  const int64_t pd = padding[0], ph = padding[1], side = padding[2] * c, row = w * c, padded_row = row + 2 * side;
  at::Tensor out = at::empty({n, d + 2 * pd, h + 2 * ph, w + 2 * padding[2], c}, at::TensorOptions().dtype(at::kFloat));
  float* to = out.mutable_data_ptr<float>();
  const StoredRows from(x, row);
  parallel_for(0, n * (d + 2 * pd), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> room(static_cast<size_t>(row));
    for (int64_t slice = begin; slice < end; ++slice) {
      const int64_t image = slice / (d + 2 * pd), z = slice % (d + 2 * pd) - pd;
      for (int64_t y = -ph; y < h + ph; ++y) {
        float* p = to + (slice * (h + 2 * ph) + y + ph) * padded_row;
        if (z < 0 || z >= d || y < 0 || y >= h) {
          std::fill(p, p + padded_row, 0.0f);
          continue;
        }
        std::fill(p, p + side, 0.0f);
        std::memcpy(p + side, from.rows((image * d + z) * h + y, 1, room.data()), static_cast<size_t>(row) * sizeof(float));
        std::fill(p + side + row, p + padded_row, 0.0f);
      }
    }
  });
  return out;
}

ConvImage::ConvImage(at::Tensor image, const at::Tensor& weight, const std::optional<at::Tensor>& given, at::IntArrayRef stride, bool transposed) : padded(std::move(image)) {
  const int64_t out = weight.size(transposed ? 1 : 0);
  const at::Tensor plain = weight.detach().contiguous();
  weights = pack_conv_weights(plain.const_data_ptr<float>(), weight.size(0), weight.size(1), transposed);
  bias.assign(static_cast<size_t>(padded_channels(out)), 0.0f);
  if (given.has_value() && given->defined()) {
    const at::Tensor b = given->detach().contiguous();
    std::copy_n(b.const_data_ptr<float>(), out, bias.begin());
  }
  auto length = [&](int64_t dim) { return (padded.size(dim + 1) - 3) / stride[dim] + 1; };
  rows = {padded.const_data_ptr<float>(), padded.size(4), padded.size(1), padded.size(2), padded.size(3), out, length(0), length(1), length(2), stride[0], stride[1], stride[2], weights.data(), bias.data()};
}

}  // namespace clinicadl
