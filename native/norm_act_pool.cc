// A convolution of few channels, normalisation (of the batch, of images, of groups of channels), another image added, a piecewise linear
// activation and max-pooling of 2 voxels each way, in one pass over channels-last images, forward and backward; the first, the third
// and the last where there are any. Between convolutions a 3D network is bound by memory traffic, not arithmetic: done one by one
// these write and re-read the full-size image five times, and keep it four times for the backward pass. The image that the
// convolution makes is never in memory at all: it is computed again for each pass, which takes less time than to write and read it.
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <array>
#include <cmath>
#include <memory>

#include "addon.h"
#include "conv_image.h"
#include "norm_act_pool.h"
#include "norm_act_pool_layers.h"

namespace clinicadl {
namespace {

using Options = NormActPoolOptions;

// `size`: of what is normalised, in five dimensions; the fourth of a 2D image is 1.
Geometry geometry_of(at::IntArrayRef size, const Options& o) {
  Geometry g{size[0], size[1], size[2], size[3], size[4], size[2], size[3], size[4], o.pool, o.flat, o.per_image};
  if (o.pool) g.pd /= 2, g.pw /= 2, g.ph = o.flat ? 1 : g.ph / 2;
  return g;
}

// What is kept for the backward pass, in this order. kInput: the image, or with a convolution its image with zeros around it.
enum Kept { kInput, kMean, kInvstd, kScale, kShift, kSlope, kAt, kWeight, kBias, kGivenSlope, kVariance, kAddedOut, kConvWeight, kConvBias, kCount };

Constants constants_of(const torch::autograd::variable_list& kept) {
  auto of = [&](Kept i) { return kept[i].const_data_ptr<float>(); };
  return {of(kMean), of(kInvstd), of(kScale), of(kShift), of(kSlope)};
}

// The image that is normalised: in memory, or made by the convolution.
struct Image {
  Image(const at::Tensor& input, const at::Tensor& conv_weight, const Maybe& conv_bias, const Options& o) {
    if (conv_weight.defined()) {
      conv = std::make_unique<ConvImage>(input, conv_weight, conv_bias, o.stride);
      const ConvRows& r = conv->rows;
      size = {input.size(0), r.out_channels, r.out_depth, r.out_height, r.out_width};
      source = std::make_unique<ConvSource>(r);
    } else {
      size = input.sizes().vec();
      source = std::make_unique<StoredRows>(input, size[4] * size[1]);
    }
  }
  std::unique_ptr<ConvImage> conv;
  std::vector<int64_t> size;
  std::unique_ptr<RowSource> source;
};

// The weights of the normalisation if x̂ can be told from what comes out of it and an activation of that slope, else nothing: what
// is small beside the bias has been rounded away, the more so in bfloat16.
bool told_by_output(const Geometry& g, const torch::autograd::variable_list& kept, double slope, at::ScalarType type, std::vector<float>& weight, std::vector<float>& bias) {
  if (kept[kGivenSlope].defined() || !(slope == 0 || slope >= 1e-3)) return false;
  weight.assign(static_cast<size_t>(g.c), 1.0f), bias.assign(static_cast<size_t>(g.c), 0.0f);
  if (kept[kWeight].defined()) std::copy_n(kept[kWeight].const_data_ptr<float>(), g.c, weight.begin());
  if (kept[kBias].defined()) std::copy_n(kept[kBias].const_data_ptr<float>(), g.c, bias.begin());
  const float most = type == at::kFloat ? 64.0f : 4.0f;
  for (int64_t j = 0; j < g.c; ++j)
    if (!(std::abs(weight[j]) > 1e-6f && std::abs(bias[j]) <= most * std::abs(weight[j]) && std::isfinite(weight[j]))) return false;
  return true;
}

class NormActPool : public torch::autograd::Function<NormActPool> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x, const Maybe& weight, const Maybe& bias, const Maybe& slope,
                            const Maybe& mean_in, const Maybe& var_in, const Maybe& add, const Maybe& conv_weight, const Maybe& conv_bias, at::ScalarType type,
                            const Options& o) {
    const Image image(x, conv_weight.value_or(at::Tensor()), conv_bias, o);
    const Geometry g = geometry_of(image.size, o);
    at::Tensor running_mean = mean_in.value_or(at::Tensor()), running_var = var_in.value_or(at::Tensor());
    const bool from_batch = o.training || g.own() || !running_mean.defined();
    check_norm_act_pool(g, type, weight, bias, slope, mean_in, var_in, add, o, from_batch);

    const auto options = at::TensorOptions().dtype(at::kFloat);
    auto per_channel = [&] { return at::empty({g.groups(), g.c}, options); };
    at::Tensor mean = per_channel(), invstd = per_channel(), scale = per_channel(), shift = per_channel(), slopes = at::full({g.c}, o.constant_slope, options);
    if (given(slope)) slopes.copy_(slope->detach().expand({g.c}));
    if (from_batch) {
      std::vector<double> variance;
      statistics(g, *image.source, o.eps, mean.mutable_data_ptr<float>(), invstd.mutable_data_ptr<float>(), variance);
      if (o.training && running_mean.defined()) {
        float *rm = running_mean.mutable_data_ptr<float>(), *rv = running_var.mutable_data_ptr<float>();
        const double unbiased = g.per_group() / (g.per_group() - 1);
        for (int64_t j = 0; j < g.c; ++j) {
          rm[j] = static_cast<float>(o.momentum * mean.const_data_ptr<float>()[j] + (1 - o.momentum) * rm[j]);
          rv[j] = static_cast<float>(o.momentum * variance[j] * unbiased + (1 - o.momentum) * rv[j]);
        }
      }
    } else {
      mean.copy_(running_mean.view({1, g.c}));
      invstd.copy_((running_var + o.eps).rsqrt_().view({1, g.c}));
    }
    scale.copy_(invstd);
    if (given(weight)) scale.mul_(weight->detach());
    shift.copy_(mean).mul_(scale).neg_();
    if (given(bias)) shift.add_(bias->detach());

    at::Tensor out = at::empty({g.n, g.c, g.pd, g.ph, g.pw}, options.dtype(type).memory_format(at::MemoryFormat::ChannelsLast3d));
    at::Tensor at = at::empty({g.pool ? g.n * g.pd * g.ph * g.pw * g.c : 0}, options.dtype(at::kByte));
    // the layers' own parameters and the variance as it was: for gradients of gradients
    torch::autograd::variable_list kept{x, mean, invstd, scale, shift, slopes, at, weight.value_or(at::Tensor()), bias.value_or(at::Tensor()), slope.value_or(at::Tensor()),
                                        from_batch ? at::Tensor() : running_var.clone(), given(add) ? out : at::Tensor(), conv_weight.value_or(at::Tensor()),
                                        conv_bias.value_or(at::Tensor())};
    std::unique_ptr<StoredRows> added;
    if (given(add)) added = std::make_unique<StoredRows>(*add, g.row());
    forward_pass(g, *image.source, added.get(), constants_of(kept), StoredRows(out, g.pooled_row()), at.mutable_data_ptr<uint8_t>());
    ctx->saved_data["flags"] = std::vector<int64_t>{from_batch, o.per_image, o.pool, o.flat};
    ctx->saved_data["constant_slope"] = o.constant_slope;
    ctx->saved_data["eps"] = o.eps;
    ctx->saved_data["stride"] = o.stride;
    // who comes next may change it in place, as behind PyTorch's pooling: so it is not saved as autograd's own are
    if (g.pool) ctx->saved_data["out"] = out.detach(), ctx->saved_data["out_version"] = static_cast<int64_t>(out._version());
    ctx->save_for_backward(std::move(kept));
    return out;
  }

  // As it was, but that the statistics are never updated again.
  static Options options_of(torch::autograd::AutogradContext* ctx) {
    auto flags = ctx->saved_data["flags"].toIntVector();
    return {ctx->saved_data["constant_slope"].toDouble(), flags[0] != 0, flags[1], flags[2] != 0, flags[3] != 0, 0.0, ctx->saved_data["eps"].toDouble(),
            ctx->saved_data["stride"].toIntVector()};
  }

  static constexpr size_t kInputs = 11;  // of `forward`; the type and the options have no gradient
  static constexpr size_t kAdd = 6, kConv = 7;

  // Gradients that have gradients themselves: through the layers in turn, computed again.
  static torch::autograd::variable_list differentiable_backward(torch::autograd::AutogradContext* ctx, at::Tensor gradient) {
    auto kept = ctx->get_saved_variables();
    Options o = options_of(ctx);
    const Maybe mean = o.training ? std::nullopt : Maybe(kept[kMean].view({-1}));
    at::Tensor image = kept[kInput];
    if (kept[kConvWeight].defined()) image = at::conv3d(image.permute({0, 4, 1, 2, 3}), kept[kConvWeight], maybe(kept[kConvBias]), o.stride);
    torch::autograd::variable_list wanted, result(kInputs);
    at::Tensor out;
    if (kept[kAddedOut].defined()) {
      // what was added only says where the activation cuts, as the output does
      if (o.constant_slope != 1) gradient = at::where(kept[kAddedOut].detach() > 0, gradient, gradient * o.constant_slope);
      result[kAdd] = gradient;
      out = normalised_in_turn(image, maybe(kept[kWeight]), maybe(kept[kBias]), mean, maybe(kept[kVariance]), o);
    } else {
      out = in_turn(image, maybe(kept[kWeight]), maybe(kept[kBias]), maybe(kept[kGivenSlope]), mean, maybe(kept[kVariance]), std::nullopt, o);
    }
    const std::array<std::pair<size_t, at::Tensor>, 6> inputs{{{0, kept[kInput]}, {1, kept[kWeight]}, {2, kept[kBias]}, {3, kept[kGivenSlope]}, {kConv, kept[kConvWeight]}, {kConv + 1, kept[kConvBias]}}};
    for (const auto& [at, input] : inputs)
      if (input.defined() && input.requires_grad()) wanted.push_back(input);
    if (wanted.empty()) return result;
    auto found = torch::autograd::grad({out}, wanted, {gradient.to(out.scalar_type())}, true, true, true);
    size_t next = 0;
    for (const auto& [at, input] : inputs)
      if (input.defined() && input.requires_grad()) result[at] = found[next++];
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled()) return differentiable_backward(ctx, gradients[0]);
    auto kept = ctx->get_saved_variables();
    const Options o = options_of(ctx);
    const Image image(kept[kInput], kept[kConvWeight], maybe(kept[kConvBias]), o);
    const Geometry g = geometry_of(image.size, o);
    at::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast3d), added;
    // a gradient may come in any type
    if (gradient.scalar_type() != at::kFloat && gradient.scalar_type() != at::kBFloat16) gradient = gradient.to(at::kFloat);
    const uint8_t* at = kept[kAt].const_data_ptr<uint8_t>();
    auto like_image = [&] { return at::empty(image.size, kept[kInput].options().memory_format(at::MemoryFormat::ChannelsLast3d)); };

    std::vector<double> totals;
    std::vector<float> weight, bias;
    if (kept[kAddedOut].defined() && o.constant_slope != 1) {
      added = like_image();
      totals = added_gradient_totals(g, *image.source, StoredRows(kept[kAddedOut], g.row()), StoredRows(gradient, g.row()), StoredRows(added, g.row()), constants_of(kept));
      // what is left to pass back is the normalisation
      gradient = added;
      kept[kSlope] = at::ones_like(kept[kSlope]);
    } else {
      const StoredRows rows(gradient, g.pooled_row());
      const auto out = ctx->saved_data.find("out");
      const bool there = out != ctx->saved_data.end() && static_cast<int64_t>(out->second.toTensor()._version()) == ctx->saved_data["out_version"].toInt();
      if (there && told_by_output(g, kept, o.constant_slope, out->second.toTensor().scalar_type(), weight, bias))
        totals = pooled_gradient_totals(g, StoredRows(out->second.toTensor(), g.pooled_row()), rows, weight, bias, constants_of(kept).slope);
      else totals = gradient_totals(g, *image.source, rows, at, constants_of(kept));
      if (kept[kAddedOut].defined()) added = gradient;
    }
    torch::autograd::variable_list result(kInputs);
    const StoredRows rows(gradient, g.pooled_row());
    // a first layer that is frozen has no gradient, and nothing is behind it
    const bool learns = image.conv != nullptr && (kept[kConvWeight].requires_grad() || (kept[kConvBias].defined() && kept[kConvBias].requires_grad()));
    if (learns) {
      const ConvRows& conv = image.conv->rows;
      const ConvGradient to(conv, g.n * g.d);
      backward_pass(g, o.training, *image.source, rows, at, constants_of(kept), totals, to);
      result[kConv] = at::empty(kept[kConvWeight].sizes(), at::kFloat);
      unpack_conv_weights(to.weights().data(), g.c, conv.channels, result[kConv].mutable_data_ptr<float>());
      if (kept[kConvBias].defined()) {
        result[kConv + 1] = at::empty({g.c}, at::kFloat);
        const auto sums = to.bias();
        std::copy(sums.begin(), sums.end(), result[kConv + 1].mutable_data_ptr<float>());
      }
    } else if (image.conv == nullptr && ctx->needs_input_grad(0)) {
      result[0] = like_image();
      backward_pass(g, o.training, *image.source, rows, at, constants_of(kept), totals, StoredRows(result[0], g.row()));
    }
    auto collect = [&](int64_t which) {
      at::Tensor out = at::zeros({g.c}, kept[kMean].options());
      float* p = out.mutable_data_ptr<float>();
      for (int64_t j = 0; j < g.c; ++j) {
        double total = 0;
        for (int64_t group = 0; group < g.groups(); ++group) total += totals[group * 3 * g.c + which * g.c + j];
        p[j] = static_cast<float>(total);
      }
      return out;
    };
    if (kept[kWeight].defined()) result[1] = collect(1);
    if (kept[kBias].defined()) result[2] = collect(0);
    if (kept[kGivenSlope].defined()) result[3] = kept[kGivenSlope].numel() == 1 && g.c != 1 ? collect(2).sum().view({1}) : collect(2);
    result[kAdd] = added;
    // it is needed no more; a second time through the graph reads the image instead
    ctx->saved_data.erase("out");
    return result;
  }
};

// normActPool(input, weight, bias, slope, runningMean, runningVar, add, constantSlope, training, perImage, pool, momentum, eps, convWeight, convBias, stride,
// padding, type): `type` is what comes out where a convolution comes first, else what comes in
napi_value norm_act_pool(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto tensor_at = [&](size_t i) -> Maybe {
      if (is_nullish(env, args[i])) return std::nullopt;
      return state.get(to_handle(env, args[i]));
    };
    at::Tensor input = state.get(to_handle(env, args[0]));
    const bool flat = input.dim() == 4;
    TORCH_CHECK((flat || input.dim() == 5) && (input.scalar_type() == at::kFloat || input.scalar_type() == at::kBFloat16) && input.device().is_cpu(),
                "normActPool takes a 4- or 5-dimensional tensor of float32 or bfloat16 on the CPU");
    Options o{to_double(env, args[7]), to_bool(env, args[8]), to_int(env, args[9]), to_bool(env, args[10]), flat, to_double(env, args[11]), to_double(env, args[12]), {}};
    const Maybe conv_weight = tensor_at(13), conv_bias = tensor_at(14);
    Maybe add = tensor_at(6);
    at::ScalarType type = input.scalar_type();
    std::vector<int64_t> padding;
    if (given(conv_weight)) {
      o.stride = to_ints(env, args[15]), padding = to_ints(env, args[16]);
      type = dtype_from_name(to_string(env, args[17]));
      TORCH_CHECK(!flat && o.stride.size() == 3 && padding.size() == 3 && !given(add), "normActPool: the convolution is of 3D images, and nothing is added");
      TORCH_CHECK(conv_weight->dim() == 5 && conv_weight->size(1) == input.size(1) && conv_weight->sizes().slice(2) == at::IntArrayRef({3, 3, 3}) &&
                      conv_weight->scalar_type() == at::kFloat && (!given(conv_bias) || (conv_bias->scalar_type() == at::kFloat && conv_bias->numel() == conv_weight->size(0))),
                  "normActPool: the convolution's weights should be float32 of size [*, ", input.size(1), ", 3, 3, 3] not ", conv_weight->scalar_type(), " of ", conv_weight->sizes());
      TORCH_CHECK(type == at::kFloat || type == at::kBFloat16, "normActPool: what comes out is float32 or bfloat16, not ", type);
      TORCH_CHECK(!(input.requires_grad() && at::GradMode::is_enabled()), "normActPool: with a convolution the image has no gradient");
      for (int64_t i = 0; i < 3; ++i)
        TORCH_CHECK(o.stride[i] > 0 && padding[i] >= 0 && input.size(i + 2) + 2 * padding[i] >= 3, "normActPool: the image of size ", input.sizes(), " is too small for a kernel of 3");
    }
    // rows for slices: the threads share them. These are views, and part of the graph, as a copy is
    auto as_image = [&](const at::Tensor& t) { return flat && t.dim() == 4 ? t.unsqueeze(3) : t; };
    input = as_image(input);
    if (given(add)) add = as_image(*add);
    at::Tensor out;
    // there is nothing to be fast with
    if (input.numel() == 0) {
      if (given(conv_weight)) input = at::conv3d(input, *conv_weight, conv_bias, o.stride, padding);
      out = in_turn(input, tensor_at(1), tensor_at(2), tensor_at(3), tensor_at(4), tensor_at(5), add, o);
    } else {
      if (given(add)) add = add->contiguous(at::MemoryFormat::ChannelsLast3d);
      input = given(conv_weight) ? padded_image(input.detach(), padding) : input.contiguous(at::MemoryFormat::ChannelsLast3d);
      out = NormActPool::apply(input, tensor_at(1), tensor_at(2), tensor_at(3), tensor_at(4), tensor_at(5), add, conv_weight, conv_bias, type, o);
    }
    return make_handle(state, flat ? out.squeeze(3) : out);
  });
}

}  // namespace

void define_fused(napi_env env, napi_value exports) { define(env, exports, "normActPool", norm_act_pool); }

}  // namespace clinicadl
