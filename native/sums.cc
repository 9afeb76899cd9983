// Files that are written straight from the memory of tensors, and the checksums of the very bytes that are written: CRC-32, and SHA-256, which is
// taken beside the writing. The functions are libdeflate's, and those of zlib and OpenSSL that Node.js has with it and lets addons use.
#include "sums.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <thread>

#include "libdeflate.h"
#include "library.h"

namespace clinicadl {
namespace {

// These have been the same since OpenSSL 1.1.
struct OpenSsl {
  void* (*make)() = nullptr;
  void (*free)(void*) = nullptr;
  const void* (*sha256)() = nullptr;
  int (*begin)(void*, const void*, void*) = nullptr;
  int (*update)(void*, const void*, size_t) = nullptr;
  int (*finish)(void*, unsigned char*, unsigned*) = nullptr;
  bool there = false;
};

const OpenSsl& openssl() {
  static const OpenSsl found = [] {
    OpenSsl out;
    out.there = open_library({nullptr}, [&](void* program) {
      return find_function(program, "EVP_MD_CTX_new", out.make) && find_function(program, "EVP_MD_CTX_free", out.free) &&
             find_function(program, "EVP_sha256", out.sha256) && find_function(program, "EVP_DigestInit_ex", out.begin) &&
             find_function(program, "EVP_DigestUpdate", out.update) && find_function(program, "EVP_DigestFinal_ex", out.finish);
    });
    return out;
  }();
  return found;
}

using ZlibCrc = unsigned long (*)(unsigned long, const unsigned char*, size_t);

ZlibCrc zlib_crc() {
  static const ZlibCrc found = [] {
    ZlibCrc out = nullptr;
    open_library({nullptr}, [&](void* program) { return find_function(program, "crc32_z", out); });
    return out;
  }();
  return found;
}

// crc32(bytes): of all of them; null where nothing here has it
napi_value crc_of(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    const Span bytes = span_of(state, Args(env, info)[0]);
    if (libdeflate().there) return make_number(env, libdeflate().crc32(0, bytes.data, bytes.size));
    if (zlib_crc() != nullptr) return make_number(env, static_cast<double>(zlib_crc()(0, bytes.data, bytes.size)));
    return make_null(env);
  });
}

// The SHA-256 of what comes.
class Sum {
 public:
  Sum() : context_(openssl().make()) {
    if (context_ == nullptr || openssl().begin(context_, openssl().sha256(), nullptr) != 1) taken_ = false;
  }
  ~Sum() {
    if (context_ != nullptr) openssl().free(context_);
  }
  Sum(const Sum&) = delete;
  Sum& operator=(const Sum&) = delete;

  void add(const Span& bytes) noexcept {
    if (taken_) taken_ = openssl().update(context_, bytes.data, bytes.size) == 1;
  }
  std::string finish() {
    unsigned char digest[32];
    if (!taken_ || openssl().finish(context_, digest, nullptr) != 1) throw std::runtime_error("OpenSSL gives no SHA-256");
    taken_ = false;
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const unsigned char byte : digest) {
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
    return out;
  }

 private:
  void* context_;
  bool taken_ = true;
};

Sum& sum_of(napi_env env, napi_value value) {
  void* data = nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok) throw std::invalid_argument("expected a sum");
  return *static_cast<Sum*>(data);
}

// makeSum(): an empty one; null where Node.js keeps its OpenSSL to itself
napi_value make_sum(napi_env env, napi_callback_info) {
  return guarded(env, [&](Env&) {
    if (!openssl().there) return make_null(env);
    auto owner = std::make_unique<Sum>();
    napi_value out;
    auto finalize = [](napi_env, void* data, void*) { delete static_cast<Sum*>(data); };
    if (napi_create_external(env, owner.get(), finalize, nullptr, &out) != napi_ok) throw std::runtime_error("the sum cannot be handed over");
    owner.release();
    return out;
  });
}

// finishSum(sum): 64 digits; nothing can be added any more
napi_value finish_sum(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env&) { return make_string(env, sum_of(env, Args(env, info)[0]).finish()); });
}

// One call takes at most 2 GiB.
constexpr size_t kMost = size_t{1} << 30;
// The sum of fewer bytes takes as long as a thread takes to begin.
constexpr size_t kBeside = size_t{1} << 18;

// 0, or errno. A disk that is almost full takes a part, and says what is wrong at the next call.
int write_all(int fd, const Span& bytes) noexcept {
  for (size_t done = 0; done < bytes.size;) {
    const ssize_t count = write(fd, bytes.data + done, std::min(bytes.size - done, kMost));
    if (count >= 0) done += static_cast<size_t>(count);
    else if (errno != EINTR) return errno;
  }
  return 0;
}

// writeBytes(descriptor, bytes, sum | null): 0, or errno; the sum takes the bytes meanwhile
napi_value write_bytes(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const int fd = static_cast<int>(to_int(env, args[0]));
    const Span bytes = span_of(state, args[1]);
    Sum* const sum = is_nullish(env, args[2]) ? nullptr : &sum_of(env, args[2]);
    std::optional<std::thread> beside;
    try {
      if (sum != nullptr && bytes.size >= kBeside) beside.emplace([&] { sum->add(bytes); });
    } catch (const std::system_error&) {
      // no more threads than the system gives
    }
    const int error = write_all(fd, bytes);
    if (beside) beside->join();
    else if (sum != nullptr) sum->add(bytes);
    return make_number(env, error);
  });
}

}  // namespace

void define_sums(napi_env env, napi_value exports) {
  define(env, exports, "crc32", crc_of);
  define(env, exports, "makeSum", make_sum);
  define(env, exports, "finishSum", finish_sum);
  define(env, exports, "writeBytes", write_bytes);
}

}  // namespace clinicadl
