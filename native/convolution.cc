// The convolution of one image by oneDNN, with oneDNN's gradients. libtorch's own `mkldnn_convolution` chooses anew in the backward
// pass, and there leaves one image to the slow convolution that the forward pass was kept from.
#include <ATen/native/ConvUtils.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

#include "addon.h"

namespace clinicadl {
namespace {

using Maybe = std::optional<at::Tensor>;

struct Window {
  std::vector<int64_t> padding, stride, dilation;
};

class ConvolveOne : public torch::autograd::Function<ConvolveOne> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const Maybe& bias, const Window& window) {
    ctx->save_for_backward({x, weight});
    ctx->saved_data["padding"] = window.padding;
    ctx->saved_data["stride"] = window.stride;
    ctx->saved_data["dilation"] = window.dilation;
    ctx->saved_data["bias"] = bias.has_value();
    return at::mkldnn_convolution(x, weight, bias, window.padding, window.stride, window.dilation, 1);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
    auto kept = ctx->get_saved_variables();
    const at::Tensor &x = kept[0], &weight = kept[1], &gradient = gradients[0];
    const auto padding = ctx->saved_data["padding"].toIntVector(), stride = ctx->saved_data["stride"].toIntVector(), dilation = ctx->saved_data["dilation"].toIntVector();
    // a bias that is not there has no place among the inputs
    const std::array<bool, 3> wanted{ctx->needs_input_grad(0), ctx->needs_input_grad(1), ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(2)};
    std::tuple<at::Tensor, at::Tensor, at::Tensor> found;
    if (at::GradMode::is_enabled()) {
      // gradients that have gradients themselves: libtorch's operator knows its own
      found = at::convolution_backward(gradient, x, weight, at::IntArrayRef{weight.size(0)}, stride, padding, dilation, false, std::vector<int64_t>(stride.size(), 0), 1, wanted);
    } else {
      // it is the same function for every processor, and oneDNN chooses the instructions
      const auto backward_of = decltype(at::native::mkldnn_convolution_backward_stub)::DEFAULT;
      TORCH_CHECK(backward_of != nullptr, "this libtorch has no oneDNN");
      found = backward_of(x, gradient, weight, padding, stride, dilation, 1, wanted);
    }
    return {std::get<0>(found), std::get<1>(found), std::get<2>(found), at::Tensor()};
  }
};

// convolveOne(input, weight, bias, padding, stride, dilation)
napi_value convolve_one(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor input = state.get(to_handle(env, args[0])), weight = state.get(to_handle(env, args[1]));
    const Maybe bias = is_nullish(env, args[2]) ? std::nullopt : Maybe(state.get(to_handle(env, args[2])));
    return make_handle(state, ConvolveOne::apply(input, weight, bias, Window{to_ints(env, args[3]), to_ints(env, args[4]), to_ints(env, args[5])}));
  });
}

}  // namespace

void define_convolution(napi_env env, napi_value exports) { define(env, exports, "convolveOne", convolve_one); }

}  // namespace clinicadl
