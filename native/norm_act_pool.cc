// Normalisation, activation and 2×2×2 max-pooling of a channels-last float32 image in two passes over it, forward and
// backward. Between convolutions a 3D network is bound by memory traffic, not arithmetic: done one by one these three
// write and re-read the full-size image five times, and keep it four times for the backward pass.
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "addon.h"
#include "norm_act_pool.h"

namespace clinicadl {
namespace {

struct Saved {
  at::Tensor mean, invstd, scale, shift, slope;  // float32, (groups, c); slope (c)
};

void forward_pass(const Geometry& g, const float* x, const Saved& s, float* out, uint8_t* at) {
  const float *scale = s.scale.const_data_ptr<float>(), *shift = s.shift.const_data_ptr<float>(), *slope = s.slope.const_data_ptr<float>();
  const int64_t row = g.w * g.c;
  at::parallel_for(0, g.n * g.pd, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = i / g.pd, d = i % g.pd, group = g.instance ? n * g.c : 0;
      for (int64_t h = 0; h < g.ph; ++h) {
        float* to = out + (i * g.ph + h) * g.pw * g.c;
        if (!g.pool) {
          act_row(x + (i * g.h + h) * row, to, g.w, g.c, scale + group, shift + group, slope);
          continue;
        }
        const float* rows[4];
        for (int k = 0; k < 4; ++k) rows[k] = x + ((n * g.d + 2 * d + k / 2) * g.h + 2 * h + k % 2) * row;
        pool_row(rows, to, at + (i * g.ph + h) * g.pw * g.c, g.pw, g.c, scale + group, shift + group, slope);
      }
    }
  });
}

// The three layers one after the other, by libtorch's operators: what the fused pass stands for. `mean` and `variance` are
// used where the statistics are not the batch's own.
at::Tensor in_turn(const at::Tensor& x, const std::optional<at::Tensor>& weight, const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& slope,
                   const std::optional<at::Tensor>& mean, const std::optional<at::Tensor>& variance, double constant_slope, bool training, bool instance, bool pool,
                   double momentum, double eps) {
  at::Tensor y = instance ? at::instance_norm(x, weight, bias, {}, {}, true, momentum, eps, false)
                          : at::batch_norm(x, weight, bias, mean, variance, training, momentum, eps, false);
  if (slope && slope->defined()) y = at::prelu(y, slope->reshape({-1}));
  else if (constant_slope == 0) y = at::relu(y);
  else if (constant_slope != 1) y = at::leaky_relu(y, constant_slope);
  return pool ? at::max_pool3d(y, 2) : y;
}

class NormActPool : public torch::autograd::Function<NormActPool> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx, const at::Tensor& input, const std::optional<at::Tensor>& weight,
                            const std::optional<at::Tensor>& bias, const std::optional<at::Tensor>& slope, const std::optional<at::Tensor>& mean_in,
                            const std::optional<at::Tensor>& var_in,
                            double constant_slope, bool training, bool instance, bool pool, double momentum, double eps) {
    const at::Tensor& x = input;
    at::Tensor running_mean = mean_in.value_or(at::Tensor()), running_var = var_in.value_or(at::Tensor());
    Geometry g{x.size(0), x.size(1), x.size(2), x.size(3), x.size(4), x.size(2), x.size(3), x.size(4), pool, instance};
    if (pool) g.pd /= 2, g.ph /= 2, g.pw /= 2;
    for (const auto& [name, tensor] : {std::pair<const char*, const std::optional<at::Tensor>&>{"weight", weight}, {"bias", bias}, {"running_mean", mean_in}, {"running_var", var_in}})
      if (tensor && tensor->defined())
        TORCH_CHECK(tensor->numel() == g.c && tensor->scalar_type() == at::kFloat && tensor->is_contiguous(), name, " should contain ", g.c,
                    " float32 elements not ", tensor->numel(), " of ", tensor->scalar_type());
    TORCH_CHECK(running_mean.defined() == running_var.defined(), "running_mean and running_var go together");
    if (slope && slope->defined()) TORCH_CHECK(slope->numel() == 1 || slope->numel() == g.c, "the slope should contain 1 or ", g.c, " elements not ", slope->numel());
    TORCH_CHECK(!pool || (g.pd > 0 && g.ph > 0 && g.pw > 0), "max_pool3d: the input of size ", x.sizes(), " is too small for a kernel of 2");
    const bool from_batch = training || instance || !running_mean.defined();
    TORCH_CHECK(!from_batch || g.per_group() > 1, "Expected more than 1 value per channel when training, got input size ", input.sizes());

    auto options = x.options().memory_format(at::MemoryFormat::Contiguous);
    Saved s{at::empty({g.groups(), g.c}, options), at::empty({g.groups(), g.c}, options), at::empty({g.groups(), g.c}, options),
            at::empty({g.groups(), g.c}, options), at::full({g.c}, constant_slope, options)};
    if (slope && slope->defined()) s.slope.copy_(slope->detach().expand({g.c}));
    const float* data = x.const_data_ptr<float>();
    if (from_batch) {
      std::vector<double> variance;
      statistics(g, data, eps, s.mean.mutable_data_ptr<float>(), s.invstd.mutable_data_ptr<float>(), variance);
      if (training && running_mean.defined()) {
        float *rm = running_mean.mutable_data_ptr<float>(), *rv = running_var.mutable_data_ptr<float>();
        const double unbiased = g.per_group() / (g.per_group() - 1);
        for (int64_t j = 0; j < g.c; ++j) {
          rm[j] = static_cast<float>(momentum * s.mean.const_data_ptr<float>()[j] + (1 - momentum) * rm[j]);
          rv[j] = static_cast<float>(momentum * variance[j] * unbiased + (1 - momentum) * rv[j]);
        }
      }
    } else {
      s.mean.copy_(running_mean.view({1, g.c}));
      s.invstd.copy_((running_var + eps).rsqrt_().view({1, g.c}));
    }
    s.scale.copy_(s.invstd);
    if (weight && weight->defined()) s.scale.mul_(weight->detach());
    s.shift.copy_(s.mean).mul_(s.scale).neg_();
    if (bias && bias->defined()) s.shift.add_(bias->detach());

    at::Tensor out = at::empty({g.n, g.c, g.pd, g.ph, g.pw}, x.options().memory_format(at::MemoryFormat::ChannelsLast3d));
    at::Tensor at = pool ? at::empty({g.n * g.pd * g.ph * g.pw * g.c}, options.dtype(at::kByte)) : at::empty({0}, options.dtype(at::kByte));
    forward_pass(g, data, s, out.mutable_data_ptr<float>(), at.mutable_data_ptr<uint8_t>());

    ctx->saved_data["flags"] = std::vector<int64_t>{from_batch, instance, pool, weight && weight->defined(), bias && bias->defined(), slope && slope->defined() ? slope->numel() : 0};
    ctx->saved_data["constant_slope"] = constant_slope;
    ctx->saved_data["eps"] = eps;
    // the layers' own parameters and the variance as it was: for gradients of gradients
    at::Tensor variance = from_batch ? at::Tensor() : running_var.clone();
    ctx->save_for_backward({x, s.mean, s.invstd, s.scale, s.shift, s.slope, at, weight.value_or(at::Tensor()), bias.value_or(at::Tensor()), slope.value_or(at::Tensor()), variance});
    return out;
  }

  // Gradients that have gradients themselves: through the layers in turn, computed again.
  static torch::autograd::variable_list differentiable_backward(torch::autograd::AutogradContext* ctx, const at::Tensor& gradient) {
    auto saved = ctx->get_saved_variables();
    auto flags = ctx->saved_data["flags"].toIntVector();
    const bool from_batch = flags[0] != 0;
    auto optional = [](const at::Tensor& tensor) { return tensor.defined() ? std::optional<at::Tensor>(tensor) : std::nullopt; };
    const std::array<at::Tensor, 4> inputs{saved[0], saved[7], saved[8], saved[9]};
    at::Tensor out = in_turn(inputs[0], optional(inputs[1]), optional(inputs[2]), optional(inputs[3]), from_batch ? std::nullopt : std::optional<at::Tensor>(saved[1].view({-1})),
                             optional(saved[10]), ctx->saved_data["constant_slope"].toDouble(), from_batch, flags[1] != 0, flags[2] != 0, 0.0, ctx->saved_data["eps"].toDouble());
    torch::autograd::variable_list wanted, result(12);
    for (const auto& input : inputs)
      if (input.defined() && input.requires_grad()) wanted.push_back(input);
    auto found = torch::autograd::grad({out}, wanted, {gradient}, true, true, true);
    size_t next = 0;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i].defined() && inputs[i].requires_grad()) result[i] = found[next++];
    return result;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx, torch::autograd::variable_list gradients) {
    if (at::GradMode::is_enabled()) return differentiable_backward(ctx, gradients[0]);
    auto saved = ctx->get_saved_variables();
    auto flags = ctx->saved_data["flags"].toIntVector();
    const at::Tensor& x = saved[0];
    at::Tensor gradient = gradients[0].to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast3d);
    Geometry g{x.size(0), x.size(1), x.size(2), x.size(3), x.size(4), x.size(2), x.size(3), x.size(4), flags[2] != 0, flags[1] != 0};
    if (g.pool) g.pd /= 2, g.ph /= 2, g.pw /= 2;
    const float *px = x.const_data_ptr<float>(), *pg = gradient.const_data_ptr<float>();
    const float *mean = saved[1].const_data_ptr<float>(), *invstd = saved[2].const_data_ptr<float>(), *scale = saved[3].const_data_ptr<float>();
    const float *shift = saved[4].const_data_ptr<float>(), *slope = saved[5].const_data_ptr<float>();
    const uint8_t* at = saved[6].const_data_ptr<uint8_t>();
    const int64_t row = g.w * g.c, slices = g.n * g.pd;

    std::vector<double> sums(static_cast<size_t>(slices * 3 * g.c));
    at::parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t n = i / g.pd, d = i % g.pd, group = g.instance ? n * g.c : 0;
        double* s = sums.data() + i * 3 * g.c;
        for (int64_t h = 0; h < g.ph; ++h) {
          const int64_t out = (i * g.ph + h) * g.pw * g.c;
          const float* rows[4] = {px + (i * g.h + h) * row, nullptr, nullptr, nullptr};
          if (g.pool)
            for (int k = 0; k < 4; ++k) rows[k] = px + ((n * g.d + 2 * d + k / 2) * g.h + 2 * h + k % 2) * row;
          grad_sums(rows, pg + out, g.pool ? at + out : nullptr, g.pw, g.c, scale + group, shift + group, slope, mean + group, invstd + group,
                    Sums{s, s + g.c, s + 2 * g.c});
        }
      }
    });
    std::vector<double> totals(static_cast<size_t>(g.groups() * 3 * g.c));
    for (int64_t i = 0; i < slices; ++i)
      for (int64_t j = 0; j < 3 * g.c; ++j) totals[(g.instance ? i / g.pd : 0) * 3 * g.c + j] += sums[i * 3 * g.c + j];

    at::Tensor dx;
    if (ctx->needs_input_grad(0)) {
      std::vector<float> a(g.groups() * g.c), b(a.size());
      if (flags[0] != 0)
        for (int64_t group = 0; group < g.groups(); ++group)
          for (int64_t j = 0; j < g.c; ++j) {
            const int64_t at = group * g.c + j;
            const double mean_dy = totals[group * 3 * g.c + j] / g.per_group();
            const double factor = -scale[at] * invstd[at] * totals[group * 3 * g.c + g.c + j] / g.per_group();
            a[at] = static_cast<float>(factor);
            b[at] = static_cast<float>(-scale[at] * mean_dy - factor * mean[at]);
          }
      dx = at::empty_like(x, x.options(), at::MemoryFormat::ChannelsLast3d);
      float* pdx = dx.mutable_data_ptr<float>();
      at::parallel_for(0, g.n * g.d, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t n = i / g.d, d = i % g.d, group = g.instance ? n * g.c : 0;
          for (int64_t h = 0; h < g.h; ++h) {
            const int64_t in = (i * g.h + h) * row;
            auto run = [&](int64_t from, int64_t step, int64_t count, const float* gr, const uint8_t* which, int32_t k) {
              grad_row(px + in + from, pdx + in + from, step, gr, which, k, count, g.c, scale + group, shift + group, slope, a.data() + group,
                       b.data() + group);
            };
            if (!g.pool) {
              run(0, g.c, g.w, pg + in, nullptr, 0);
            } else if (d / 2 >= g.pd || h / 2 >= g.ph) {
              run(0, g.c, g.w, nullptr, nullptr, 0);  // the border that pooling leaves out
            } else {
              const int64_t out = (((n * g.pd + d / 2) * g.ph) + h / 2) * g.pw * g.c;
              const int32_t k = static_cast<int32_t>((d % 2) * 4 + (h % 2) * 2);
              run(0, 2 * g.c, g.pw, pg + out, at + out, k);
              run(g.c, 2 * g.c, g.pw, pg + out, at + out, k + 1);
              if (g.w > 2 * g.pw) run(2 * g.pw * g.c, g.c, g.w - 2 * g.pw, nullptr, nullptr, 0);
            }
          }
        }
      });
    }
    auto collect = [&](int64_t which) {
      at::Tensor out = at::zeros({g.c}, saved[1].options());
      float* p = out.mutable_data_ptr<float>();
      for (int64_t j = 0; j < g.c; ++j) {
        double total = 0;
        for (int64_t group = 0; group < g.groups(); ++group) total += totals[group * 3 * g.c + which * g.c + j];
        p[j] = static_cast<float>(total);
      }
      return out;
    };
    at::Tensor dweight = flags[3] != 0 ? collect(1) : at::Tensor();
    at::Tensor dbias = flags[4] != 0 ? collect(0) : at::Tensor();
    at::Tensor dslope = flags[5] != 0 ? collect(2) : at::Tensor();
    if (flags[5] == 1 && g.c != 1) dslope = dslope.sum().view({1});
    at::Tensor none;
    return {dx, dweight, dbias, dslope, none, none, none, none, none, none, none, none};
  }
};

// normActPool(input, weight, bias, slope, runningMean, runningVar, constantSlope, training, instance, pool, momentum, eps)
napi_value norm_act_pool(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto optional = [&](size_t i) -> std::optional<at::Tensor> {
      if (is_nullish(env, args[i])) return std::nullopt;
      return state.get(to_handle(env, args[i]));
    };
    at::Tensor input = state.get(to_handle(env, args[0]));
    TORCH_CHECK(input.dim() == 5 && input.scalar_type() == at::kFloat && input.device().is_cpu(), "normActPool takes a 5-dimensional float32 tensor on the CPU");
    const double slope = to_double(env, args[6]), momentum = to_double(env, args[10]), eps = to_double(env, args[11]);
    const bool training = to_bool(env, args[7]), instance = to_bool(env, args[8]), pool = to_bool(env, args[9]);
    // there is nothing to be fast with
    if (input.numel() == 0) return make_handle(state, in_turn(input, optional(1), optional(2), optional(3), optional(4), optional(5), slope, training, instance, pool, momentum, eps));
    // here, so that a copy is part of the graph
    input = input.contiguous(at::MemoryFormat::ChannelsLast3d);
    return make_handle(state, NormActPool::apply(input, optional(1), optional(2), optional(3), optional(4), optional(5), slope, training, instance, pool, momentum, eps));
  });
}

}  // namespace

void define_fused(napi_env env, napi_value exports) { define(env, exports, "normActPool", norm_act_pool); }

}  // namespace clinicadl
