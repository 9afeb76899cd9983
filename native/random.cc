// Random streams: libtorch's default generators, and generators of one's own.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>

#include "addon.h"

namespace clinicadl {
namespace {

at::Generator default_generator(const c10::Device& device) { return at::globalContext().defaultGenerator(device); }

at::Generator generator_of(Env& state, napi_value value) {
  if (type_of(state.env, value) == napi_string) return default_generator(c10::Device(to_string(state.env, value)));
  uint32_t index = to_handle(state.env, value);
  if (index >= state.generators.size() || !state.generators[index].defined()) throw std::invalid_argument("the generator is gone");
  return state.generators[index];
}

napi_value make_generator(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    c10::Device device(to_string(env, Args(env, info)[0]));
    at::Generator generator = device.is_cpu() ? at::detail::createCPUGenerator() : default_generator(device).clone();
    if (state.free_generators.empty()) {
      state.generators.push_back(generator);
      return make_number(env, static_cast<double>(state.generators.size() - 1));
    }
    uint32_t slot = state.free_generators.back();
    state.free_generators.pop_back();
    state.generators[slot] = generator;
    return make_number(env, slot);
  });
}

napi_value drop_generator(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    uint32_t slot = to_handle(env, Args(env, info)[0]);
    if (slot < state.generators.size() && state.generators[slot].defined()) {
      state.generators[slot] = at::Generator();
      state.free_generators.push_back(slot);
    }
    return make_undefined(env);
  });
}

napi_value set_seed(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto generator = generator_of(state, args[0]);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_current_seed(to_seed(env, args[1]));
    return make_undefined(env);
  });
}

// manualSeed(seed): every device's default generator, as torch.manual_seed does.
napi_value manual_seed(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) {
    at::manual_seed(to_seed(env, Args(env, info)[0]));
    return make_undefined(env);
  });
}

napi_value seed_of(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    auto generator = generator_of(state, Args(env, info)[0]);
    std::lock_guard<std::mutex> lock(generator.mutex());
    napi_value out;
    ok(napi_create_bigint_uint64(env, generator.current_seed(), &out));
    return out;
  });
}

napi_value get_state(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    auto generator = generator_of(state, Args(env, info)[0]);
    std::lock_guard<std::mutex> lock(generator.mutex());
    return make_handle(state, generator.get_state());
  });
}

napi_value set_state(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    auto generator = generator_of(state, args[0]);
    std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(state.get(to_handle(env, args[1])));
    return make_undefined(env);
  });
}

// PyTorch 2.6 draws Bernoulli numbers with MKL: one 32-bit number of the generator seeds the multiplicative
// congruential generator MCG31m1, x ← 1132489760·x mod (2^31 − 1) (Intel oneMKL, Notes for Vector Statistics), and an
// element is 1 where x / (2^31 − 1) < p. libtorch 2.15 draws them otherwise, so that a network with dropout would
// train differently from the same seed.
constexpr uint64_t kModulus = 0x7FFFFFFF, kMultiplier = 1132489760;
uint64_t times(uint64_t a, uint64_t b) {
  uint64_t product = a * b;
  product = (product & kModulus) + (product >> 31);
  return product >= kModulus ? product - kModulus : product;
}

// `scale` with probability p and else 0, from the stream that begins at x; eight elements at a time.
template <class T>
void fill_bernoulli(T* data, int64_t count, uint64_t x, double p, T scale) {
  // x < limit exactly where x / (2^31 - 1) < p
  const double limit = p * static_cast<double>(kModulus);
  constexpr int64_t kStreams = 8;
  uint64_t streams[kStreams], step = 1;
  for (int64_t i = 0; i < kStreams; ++i) {
    streams[i] = x;
    x = times(x, kMultiplier);
    step = times(step, kMultiplier);
  }
  for (int64_t i = 0; i < count; i += kStreams)
    for (int64_t j = 0; j < kStreams; ++j) {
      if (i + j < count) data[i + j] = static_cast<double>(streams[j]) < limit ? scale : T{0};
      streams[j] = times(streams[j], step);
    }
}

// bernoulliLike(handle, p, scale): a contiguous tensor of the same shape and type, `scale` with probability p and else 0
napi_value bernoulli_like(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor& like = state.get(to_handle(env, args[0]));
    const double p = to_double(env, args[1]);
    const double scale = to_double(env, args[2]);
    TORCH_CHECK(p >= 0 && p <= 1, "bernoulliLike expects p to be in [0, 1], but got p=", p);
    const bool wide = like.scalar_type() == at::kDouble;
    at::Tensor out = at::empty(like.sizes(), like.options().dtype(wide ? at::kDouble : at::kFloat).memory_format(at::MemoryFormat::Contiguous));
    auto generator = default_generator(c10::Device(c10::kCPU));
    uint64_t x;
    {
      std::lock_guard<std::mutex> lock(generator.mutex());
      x = at::check_generator<at::CPUGeneratorImpl>(generator)->random() % kModulus;
    }
    if (x == 0) x = 1;
    if (wide) fill_bernoulli(out.mutable_data_ptr<double>(), out.numel(), x, p, scale);
    else fill_bernoulli(out.mutable_data_ptr<float>(), out.numel(), x, p, static_cast<float>(scale));
    return make_handle(state, out.to(like.scalar_type()));
  });
}

}  // namespace

void define_random(napi_env env, napi_value exports) {
  define(env, exports, "makeGenerator", make_generator);
  define(env, exports, "dropGenerator", drop_generator);
  define(env, exports, "setSeed", set_seed);
  define(env, exports, "manualSeed", manual_seed);
  define(env, exports, "seedOf", seed_of);
  define(env, exports, "getRngState", get_state);
  define(env, exports, "setRngState", set_state);
  define(env, exports, "bernoulliLike", bernoulli_like);
}

}  // namespace clinicadl
