// A 3D convolution whose image has few channels, with the gradient of the image by `ConvRows`: oneDNN's takes twice as long, since half of
// what it computes at once are channels that are not there. All else is libtorch's.
#include <torch/csrc/autograd/custom_function.h>

#include "addon.h"
#include "conv_image.h"
#include "image_rows.h"
#include "parallel.h"

namespace clinicadl {
namespace {

using Maybe = std::optional<at::Tensor>;

const std::vector<int64_t> kOnes{1, 1, 1}, kZeros{0, 0, 0};

// The gradient of the image is a convolution of that of what came out, with the kernel turned round and 2 - padding zeros around.
at::Tensor image_gradient(const at::Tensor& gradient, const at::Tensor& weight, const at::Tensor& image, at::IntArrayRef padding) {
  const ConvImage conv(padded_image(gradient, {2 - padding[0], 2 - padding[1], 2 - padding[2]}), weight, std::nullopt, kOnes, true);
  const ConvRows& r = conv.rows;
  at::Tensor out = at::empty(image.sizes(), gradient.options().memory_format(at::MemoryFormat::ChannelsLast3d));
  const StoredRows to(out, r.out_width * r.out_channels);
  parallel_for(0, image.size(0) * r.out_depth, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> room(static_cast<size_t>(r.out_width * r.out_channels));
    for (int64_t row = begin * r.out_height; row < end * r.out_height; ++row) {
      float* p = to.begin(row, room.data());
      r.row(row, p);
      to.end(row, 1, p);
    }
  });
  return out;
}

class ConvFew : public torch::autograd::Function<ConvFew> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const Maybe& bias,
                            const std::vector<int64_t>& padding) {
    ctx->save_for_backward({x, weight, bias.value_or(at::Tensor())});
    ctx->saved_data["padding"] = padding;
    return at::conv3d(x, weight, bias, kOnes, padding);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
    const auto kept = ctx->get_saved_variables();
    const at::Tensor &image = kept[0], &weight = kept[1], &bias = kept[2];
    const auto padding = ctx->saved_data["padding"].toIntVector();
    // a gradient that has one itself is libtorch's
    const bool own = ctx->needs_input_grad(0) && !at::GradMode::is_enabled();
    const at::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast3d);
    const std::array<bool, 3> wanted{ctx->needs_input_grad(0) && !own, ctx->needs_input_grad(1), bias.defined() && ctx->needs_input_grad(2)};
    auto [dx, dw, db] = at::convolution_backward(gradient, image, weight, bias.defined() ? at::OptionalIntArrayRef(bias.sizes()) : std::nullopt,
                                                 kOnes, padding, kOnes, false, kZeros, 1, wanted);
    if (own) dx = image_gradient(gradient, weight, image, padding);
    return {dx, dw, db, at::Tensor()};
  }
};

// conv3dFew(image, weight, bias, padding): of an image (N, C, D, H, W) and kernels of 3 voxels each way, float32.
napi_value conv3d_few(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor x = state.get(to_handle(env, args[0])), weight = state.get(to_handle(env, args[1]));
    const Maybe bias = is_nullish(env, args[2]) ? std::nullopt : Maybe(state.get(to_handle(env, args[2])));
    const std::vector<int64_t> padding = to_ints(env, args[3]);
    TORCH_CHECK(x.dim() == 5 && x.device().is_cpu() && x.numel() > 0 && x.scalar_type() == at::kFloat, "conv3dFew takes a float32 image of five dimensions on the CPU");
    TORCH_CHECK(weight.dim() == 5 && weight.size(1) == x.size(1) && weight.sizes().slice(2) == at::IntArrayRef({3, 3, 3}) && weight.scalar_type() == at::kFloat,
                "conv3dFew: the weights should be float32 of size [*, ", x.size(1), ", 3, 3, 3] not ", weight.scalar_type(), " of ", weight.sizes());
    TORCH_CHECK(padding.size() == 3, "conv3dFew: a padding is three numbers");
    for (int64_t i = 0; i < 3; ++i)
      TORCH_CHECK(padding[i] >= 0 && padding[i] <= 2 && x.size(i + 2) + 2 * padding[i] >= 3, "conv3dFew: a padding of ", padding, " does not suit an image of size ", x.sizes());
    return make_handle(state, ConvFew::apply(x, weight, bias, padding));
  });
}

}  // namespace

void define_conv_few(napi_env env, napi_value exports) { define(env, exports, "conv3dFew", conv3d_few); }

}  // namespace clinicadl
