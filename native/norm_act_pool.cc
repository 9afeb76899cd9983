// Normalisation (of the batch, of images, of groups of channels), another image added, a piecewise linear activation and max-pooling
// of 2 voxels each way, in one pass over channels-last images, forward and backward. Between convolutions a 3D network is bound by
// memory traffic, not arithmetic: done one by one these write and re-read the full-size image five times, and keep it four times
// for the backward pass.
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <array>
#include <cmath>

#include "addon.h"
#include "norm_act_pool.h"

namespace clinicadl {
namespace {

using Maybe = std::optional<at::Tensor>;
bool given(const Maybe& tensor) { return tensor.has_value() && tensor->defined(); }
Maybe maybe(const at::Tensor& tensor) { return tensor.defined() ? Maybe(tensor) : std::nullopt; }

struct Options {
  double constant_slope;
  bool training;
  int64_t per_image;  // as in Geometry
  bool pool, flat;
  double momentum, eps;
};

// `x` has five dimensions; the fourth of a 2D image is 1.
Geometry geometry_of(const at::Tensor& x, const Options& o) {
  Geometry g{x.size(0), x.size(1), x.size(2), x.size(3), x.size(4), x.size(2), x.size(3), x.size(4), o.pool, o.flat, o.per_image};
  if (o.pool) g.pd /= 2, g.pw /= 2, g.ph = o.flat ? 1 : g.ph / 2;
  return g;
}

at::Tensor normalised_in_turn(const at::Tensor& x, const Maybe& weight, const Maybe& bias, const Maybe& mean, const Maybe& variance, const Options& o) {
  if (o.per_image == 0) return at::batch_norm(x, weight, bias, mean, variance, o.training, o.momentum, o.eps, false);
  if (o.per_image == x.size(1)) return at::instance_norm(x, weight, bias, {}, {}, true, o.momentum, o.eps, false);
  return at::group_norm(x, o.per_image, weight, bias, o.eps, false);
}

// The layers one after the other, by libtorch's operators: what the fused pass stands for. `mean` and `variance` are
// used where the statistics are not the batch's own.
at::Tensor in_turn(const at::Tensor& x, const Maybe& weight, const Maybe& bias, const Maybe& slope, const Maybe& mean, const Maybe& variance, const Maybe& add,
                   const Options& o) {
  at::Tensor y = normalised_in_turn(x, weight, bias, mean, variance, o);
  if (given(add)) y = y + *add;
  if (given(slope)) y = at::prelu(y, slope->reshape({-1}));
  else if (o.constant_slope == 0) y = at::relu(y);
  else if (o.constant_slope != 1) y = at::leaky_relu(y, o.constant_slope);
  return o.pool ? at::max_pool3d(y, {2, o.flat ? 1 : 2, 2}) : y;
}

// What is kept for the backward pass, in this order.
enum Kept { kInput, kMean, kInvstd, kScale, kShift, kSlope, kAt, kWeight, kBias, kGivenSlope, kVariance, kOut, kCount };

Constants constants_of(const torch::autograd::variable_list& kept) {
  auto of = [&](Kept i) { return kept[i].const_data_ptr<float>(); };
  return {of(kMean), of(kInvstd), of(kScale), of(kShift), of(kSlope)};
}

void check(const Geometry& g, const at::Tensor& input, const Maybe& weight, const Maybe& bias, const Maybe& slope, const Maybe& mean, const Maybe& variance,
           const Maybe& add, const Options& o, bool from_batch) {
  for (const auto& [name, tensor] : {std::pair<const char*, const Maybe&>{"weight", weight}, {"bias", bias}, {"running_mean", mean}, {"running_var", variance}})
    if (given(tensor))
      TORCH_CHECK(tensor->numel() == g.c && tensor->scalar_type() == at::kFloat && tensor->is_contiguous(), name, " should contain ", g.c,
                  " float32 elements not ", tensor->numel(), " of ", tensor->scalar_type());
  TORCH_CHECK(given(mean) == given(variance), "running_mean and running_var go together");
  if (given(slope)) TORCH_CHECK(slope->numel() == 1 || slope->numel() == g.c, "the slope should contain 1 or ", g.c, " elements not ", slope->numel());
  TORCH_CHECK(!g.own() || g.c % g.per_image == 0, "num_channels must be divisible by num_groups, got ", g.c, " and ", g.per_image);
  TORCH_CHECK(!g.pool || (g.pd > 0 && g.ph > 0 && g.pw > 0), "max_pool3d: the input of size ", input.sizes(), " is too small for a kernel of 2");
  TORCH_CHECK(!from_batch || g.per_group() * static_cast<double>(g.channels_together()) > 1, "Expected more than 1 value per channel when training, got input size ", input.sizes());
  if (given(add)) {
    TORCH_CHECK(add->sizes() == input.sizes() && add->scalar_type() == at::kFloat, "what is added should be float32 of size ", input.sizes(), " not ", add->scalar_type(), " of ", add->sizes());
    // the backward pass takes from the output where the activation cuts
    TORCH_CHECK(!g.pool && !given(slope) && o.constant_slope >= 0, "nothing can be added before a pooling, or before an activation whose slope is learnt or negative");
  }
}

class NormActPool : public torch::autograd::Function<NormActPool> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& x, const Maybe& weight, const Maybe& bias, const Maybe& slope,
                            const Maybe& mean_in, const Maybe& var_in, const Maybe& add, const Options& o) {
    const Geometry g = geometry_of(x, o);
    at::Tensor running_mean = mean_in.value_or(at::Tensor()), running_var = var_in.value_or(at::Tensor());
    const bool from_batch = o.training || g.own() || !running_mean.defined();
    check(g, x, weight, bias, slope, mean_in, var_in, add, o, from_batch);

    auto options = x.options().memory_format(at::MemoryFormat::Contiguous);
    auto per_channel = [&] { return at::empty({g.groups(), g.c}, options); };
    at::Tensor mean = per_channel(), invstd = per_channel(), scale = per_channel(), shift = per_channel(), slopes = at::full({g.c}, o.constant_slope, options);
    if (given(slope)) slopes.copy_(slope->detach().expand({g.c}));
    const float* data = x.const_data_ptr<float>();
    if (from_batch) {
      std::vector<double> variance;
      statistics(g, data, o.eps, mean.mutable_data_ptr<float>(), invstd.mutable_data_ptr<float>(), variance);
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

    at::Tensor out = at::empty({g.n, g.c, g.pd, g.ph, g.pw}, x.options().memory_format(at::MemoryFormat::ChannelsLast3d));
    at::Tensor at = at::empty({g.pool ? g.n * g.pd * g.ph * g.pw * g.c : 0}, options.dtype(at::kByte));
    // the layers' own parameters and the variance as it was: for gradients of gradients
    torch::autograd::variable_list kept{x, mean, invstd, scale, shift, slopes, at, weight.value_or(at::Tensor()), bias.value_or(at::Tensor()), slope.value_or(at::Tensor()),
                                        from_batch ? at::Tensor() : running_var.clone(), given(add) ? out : at::Tensor()};
    forward_pass(g, data, given(add) ? add->const_data_ptr<float>() : nullptr, constants_of(kept), out.mutable_data_ptr<float>(), at.mutable_data_ptr<uint8_t>());
    ctx->saved_data["flags"] = std::vector<int64_t>{from_batch, o.per_image, o.pool, o.flat};
    ctx->saved_data["constant_slope"] = o.constant_slope;
    ctx->saved_data["eps"] = o.eps;
    ctx->save_for_backward(std::move(kept));
    return out;
  }

  // As it was, but that the statistics are never updated again.
  static Options options_of(torch::autograd::AutogradContext* ctx) {
    auto flags = ctx->saved_data["flags"].toIntVector();
    return {ctx->saved_data["constant_slope"].toDouble(), flags[0] != 0, flags[1], flags[2] != 0, flags[3] != 0, 0.0, ctx->saved_data["eps"].toDouble()};
  }

  static constexpr size_t kInputs = 8;  // of `forward`; the options have no gradient
  static constexpr size_t kAdd = 6;

  // Gradients that have gradients themselves: through the layers in turn, computed again.
  static torch::autograd::variable_list differentiable_backward(torch::autograd::AutogradContext* ctx, at::Tensor gradient) {
    auto kept = ctx->get_saved_variables();
    Options o = options_of(ctx);
    const Maybe mean = o.training ? std::nullopt : Maybe(kept[kMean].view({-1}));
    torch::autograd::variable_list wanted, result(kInputs);
    at::Tensor out;
    if (kept[kOut].defined()) {
      // what was added only says where the activation cuts, as the output does
      if (o.constant_slope != 1) gradient = at::where(kept[kOut].detach() > 0, gradient, gradient * o.constant_slope);
      result[kAdd] = gradient;
      out = normalised_in_turn(kept[kInput], maybe(kept[kWeight]), maybe(kept[kBias]), mean, maybe(kept[kVariance]), o);
    } else {
      out = in_turn(kept[kInput], maybe(kept[kWeight]), maybe(kept[kBias]), maybe(kept[kGivenSlope]), mean, maybe(kept[kVariance]), std::nullopt, o);
    }
    const std::array<at::Tensor, 4> inputs{kept[kInput], kept[kWeight], kept[kBias], kept[kGivenSlope]};
    for (const auto& input : inputs)
      if (input.defined() && input.requires_grad()) wanted.push_back(input);
    if (wanted.empty()) return result;
    auto found = torch::autograd::grad({out}, wanted, {gradient}, true, true, true);
    size_t next = 0;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined() && inputs[i].requires_grad()) result[i] = found[next++];
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled()) return differentiable_backward(ctx, gradients[0]);
    auto kept = ctx->get_saved_variables();
    const Options o = options_of(ctx);
    const at::Tensor& x = kept[kInput];
    at::Tensor gradient = gradients[0].to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast3d), added;
    const Geometry g = geometry_of(x, o);
    const float* px = x.const_data_ptr<float>();
    const uint8_t* at = kept[kAt].const_data_ptr<uint8_t>();

    std::vector<double> totals;
    if (kept[kOut].defined() && o.constant_slope != 1) {
      added = at::empty_like(x, x.options(), at::MemoryFormat::ChannelsLast3d);
      totals = added_gradient_totals(g, px, kept[kOut].const_data_ptr<float>(), gradient.const_data_ptr<float>(), added.mutable_data_ptr<float>(), constants_of(kept));
      // what is left to pass back is the normalisation
      gradient = added;
      kept[kSlope] = at::ones_like(kept[kSlope]);
    } else {
      totals = gradient_totals(g, px, gradient.const_data_ptr<float>(), at, constants_of(kept));
      if (kept[kOut].defined()) added = gradient;
    }
    torch::autograd::variable_list result(kInputs);
    if (ctx->needs_input_grad(0)) {
      result[0] = at::empty_like(x, x.options(), at::MemoryFormat::ChannelsLast3d);
      backward_pass(g, o.training, px, gradient.const_data_ptr<float>(), at, constants_of(kept), totals, result[0].mutable_data_ptr<float>());
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
    return result;
  }
};

// normActPool(input, weight, bias, slope, runningMean, runningVar, add, constantSlope, training, perImage, pool, momentum, eps)
napi_value norm_act_pool(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto tensor_at = [&](size_t i) -> Maybe {
      if (is_nullish(env, args[i])) return std::nullopt;
      return state.get(to_handle(env, args[i]));
    };
    at::Tensor input = state.get(to_handle(env, args[0]));
    const bool flat = input.dim() == 4;
    TORCH_CHECK((flat || input.dim() == 5) && input.scalar_type() == at::kFloat && input.device().is_cpu(), "normActPool takes a 4- or 5-dimensional float32 tensor on the CPU");
    const Options o{to_double(env, args[7]), to_bool(env, args[8]), to_int(env, args[9]), to_bool(env, args[10]), flat, to_double(env, args[11]), to_double(env, args[12])};
    // rows for slices: the threads share them. These are views, and part of the graph, as a copy is
    auto as_image = [&](const at::Tensor& t) { return flat && t.dim() == 4 ? t.unsqueeze(3) : t; };
    input = as_image(input);
    Maybe add = tensor_at(6);
    if (given(add)) add = as_image(*add);
    at::Tensor out;
    // there is nothing to be fast with
    if (input.numel() == 0) {
      out = in_turn(input, tensor_at(1), tensor_at(2), tensor_at(3), tensor_at(4), tensor_at(5), add, o);
    } else {
      if (given(add)) add = add->contiguous(at::MemoryFormat::ChannelsLast3d);
      out = NormActPool::apply(input.contiguous(at::MemoryFormat::ChannelsLast3d), tensor_at(1), tensor_at(2), tensor_at(3), tensor_at(4), tensor_at(5), add, o);
    }
    return make_handle(state, flat ? out.squeeze(3) : out);
  });
}

}  // namespace

void define_fused(napi_env env, napi_value exports) { define(env, exports, "normActPool", norm_act_pool); }

}  // namespace clinicadl
