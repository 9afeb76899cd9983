// A 3D depthwise convolution, in which each channel has a kernel of its own, with gradients of our own: oneDNN takes twenty times as
// long for them as for the convolution, since it has a kernel for many channels at once only forwards. That of the image is such a
// convolution, too; that of the weights are sums over rows (kernels/depthwise_row.h).
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "addon.h"
#include "image_rows.h"
#include "kernels/depthwise_row.h"
#include "parallel.h"

namespace clinicadl {
namespace {

using Maybe = std::optional<at::Tensor>;
using Ints = std::vector<int64_t>;

const Ints kOnes{1, 1, 1};
// Sums are made of so many parts, however many threads there are, so that they do not depend on them.
constexpr int64_t kParts = 16;

// The gradient of the image: the gradient of what came out, convolved with the kernels turned round.
at::Tensor image_gradient(const at::Tensor& gradient, const at::Tensor& weight, const Ints& padding, const Ints& dilation) {
  Ints zeros(3);
  for (size_t i = 0; i < 3; ++i) zeros[i] = dilation[i] * (weight.size(static_cast<int64_t>(i) + 2) - 1) - padding[i];
  return at::conv3d(gradient, weight.flip({2, 3, 4}), std::nullopt, kOnes, zeros, dilation, weight.size(0));
}

at::Tensor weight_gradient(const at::Tensor& gradient, const at::Tensor& image, const at::Tensor& weight, const Ints& padding, const Ints& dilation) {
  const int64_t channels = image.size(1), depth = image.size(2), height = image.size(3), width = image.size(4);
  const int64_t out_depth = gradient.size(2), out_height = gradient.size(3), out_width = gradient.size(4);
  const int64_t taps_d = weight.size(2), taps_h = weight.size(3), taps_w = weight.size(4);
  const StoredRows images(image, width * channels), gradients(gradient, out_width * channels);
  const DepthwiseRow row{channels, out_width, taps_w, dilation[2]};
  const int64_t slices = image.size(0) * out_depth, parts = std::min(slices, kParts), taps = taps_d * taps_h * taps_w;
  std::vector<double> sums(static_cast<size_t>(parts * taps * channels));

  parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
    // a row of the image with zeros on both sides
    std::vector<float> padded(static_cast<size_t>((width + 2 * padding[2]) * channels)), room(static_cast<size_t>(out_width * channels));
    float* const middle = padded.data() + padding[2] * channels;
    for (int64_t part = first; part < last; ++part)
      for (int64_t slice = part * slices / parts; slice < (part + 1) * slices / parts; ++slice)
        for (int64_t h = 0; h < out_height; ++h) {
          const float* g = gradients.rows(slice * out_height + h, 1, room.data());
          for (int64_t i = 0; i < taps_d; ++i) {
            const int64_t at_d = slice % out_depth + i * dilation[0] - padding[0];
            if (at_d < 0 || at_d >= depth) continue;
            for (int64_t j = 0; j < taps_h; ++j) {
              const int64_t at_h = h + j * dilation[1] - padding[1];
              if (at_h < 0 || at_h >= height) continue;
              const float* seen = images.rows((slice / out_depth * depth + at_d) * height + at_h, 1, middle);
              if (seen != middle && padding[2] > 0) std::memcpy(middle, seen, static_cast<size_t>(width * channels) * sizeof(float));
              double* to = sums.data() + (part * taps + (i * taps_h + j) * taps_w) * channels;
              add_depthwise_gradient(row, padding[2] > 0 ? padded.data() : seen, g, to);
            }
          }
        }
  });

  at::Tensor out = at::empty(weight.sizes(), weight.options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
  float* p = out.data_ptr<float>();
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t t = 0; t < taps; ++t) {
      double sum = 0;
      for (int64_t part = 0; part < parts; ++part) sum += sums[static_cast<size_t>((part * taps + t) * channels + c)];
      p[c * taps + t] = static_cast<float>(sum);
    }
  return out.to(weight.scalar_type());
}

class ConvDepthwise : public torch::autograd::Function<ConvDepthwise> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const Maybe& bias, const Ints& padding, const Ints& dilation) {
    ctx->save_for_backward({x, weight, bias.value_or(at::Tensor())});
    ctx->saved_data["padding"] = padding;
    ctx->saved_data["dilation"] = dilation;
    return at::conv3d(x, weight, bias, kOnes, padding, dilation, weight.size(0));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
    const auto kept = ctx->get_saved_variables();
    const at::Tensor &x = kept[0], &weight = kept[1], &bias = kept[2];
    const Ints padding = ctx->saved_data["padding"].toIntVector(), dilation = ctx->saved_data["dilation"].toIntVector();
    const bool wants_bias = bias.defined() && ctx->needs_input_grad(2);
    if (at::GradMode::is_enabled()) {
      // gradients that have gradients themselves: libtorch's operator knows its own
      const std::array<bool, 3> wanted{ctx->needs_input_grad(0), ctx->needs_input_grad(1), wants_bias};
      auto [dx, dw, db] = at::convolution_backward(gradients[0], x, weight, bias.defined() ? at::OptionalIntArrayRef(bias.sizes()) : std::nullopt, kOnes, padding,
                                                   dilation, false, Ints(3, 0), weight.size(0), wanted);
      return {dx, dw, db, at::Tensor(), at::Tensor()};
    }
    const at::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast3d);
    at::Tensor dx, dw, db;
    if (ctx->needs_input_grad(0)) dx = image_gradient(gradient, weight, padding, dilation);
    if (ctx->needs_input_grad(1)) dw = weight_gradient(gradient, x.contiguous(at::MemoryFormat::ChannelsLast3d), weight, padding, dilation);
    if (wants_bias) db = gradient.sum({0, 2, 3, 4});
    return {dx, dw, db, at::Tensor(), at::Tensor()};
  }
};

// conv3dDepthwise(image, weight, bias, padding, dilation): of an image (N, C, D, H, W) and kernels (C, 1, d, h, w), all float32 or all
// bfloat16, or what autocast makes of them.
napi_value conv3d_depthwise(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const bool cast = at::autocast::is_autocast_enabled(at::kCPU);
    const auto as_computed = [&](const at::Tensor& t) { return cast ? at::autocast::cached_cast(at::autocast::get_autocast_dtype(at::kCPU), t, at::kCPU) : t; };
    const at::Tensor x = as_computed(state.get(to_handle(env, args[0]))), weight = as_computed(state.get(to_handle(env, args[1])));
    const Maybe bias = is_nullish(env, args[2]) ? std::nullopt : Maybe(as_computed(state.get(to_handle(env, args[2]))));
    const Ints padding = to_ints(env, args[3]), dilation = to_ints(env, args[4]);
    const at::ScalarType dtype = x.scalar_type();
    TORCH_CHECK(x.dim() == 5 && x.device().is_cpu() && x.numel() > 0 && (dtype == at::kFloat || dtype == at::kBFloat16),
                "conv3dDepthwise takes a float32 or bfloat16 image of five dimensions on the CPU");
    TORCH_CHECK(weight.dim() == 5 && weight.size(0) == x.size(1) && weight.size(1) == 1 && weight.numel() > 0 && weight.scalar_type() == dtype,
                "conv3dDepthwise: the weights should be ", dtype, " of size [", x.size(1), ", 1, d, h, w], not ", weight.scalar_type(), " of ", weight.sizes());
    TORCH_CHECK(padding.size() == 3 && dilation.size() == 3, "conv3dDepthwise: a padding and a dilation are three numbers each");
    for (int64_t i = 0; i < 3; ++i) {
      const int64_t reach = dilation[static_cast<size_t>(i)] * (weight.size(i + 2) - 1), zeros = padding[static_cast<size_t>(i)];
      TORCH_CHECK(zeros >= 0 && zeros <= reach && x.size(i + 2) + 2 * zeros > reach, "conv3dDepthwise: a padding of ", padding, " does not suit kernels of size ",
                  weight.sizes(), " and an image of size ", x.sizes());
    }
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::DispatchKey::AutocastCPU);
    return make_handle(state, ConvDepthwise::apply(x, weight, bias, padding, dilation));
  });
}

}  // namespace

void define_conv_depthwise(napi_env env, napi_value exports) { define(env, exports, "conv3dDepthwise", conv3d_depthwise); }

}  // namespace clinicadl
