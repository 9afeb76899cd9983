// Holes: what is enclosed by a label becomes that label. From the border of the label's box, all that is not the label is flooded, a row of
// voxels at a time, of which each is a bit; beyond the image there are two bits and some bytes a row in memory.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "addon.h"
#include "clones.h"

namespace clinicadl {
namespace {

using Bits = uint64_t;
constexpr int64_t kBits = 64;

// The first and the last row or voxel of the label along each axis; none where the first is beyond the last.
struct Box {
  std::array<int64_t, 3> first, last;
};

// Images one behind the other, of d × h rows of w voxels; of an axis that is not one of the `spatial` last, the ends are no border.
struct Grid {
  int64_t d, h, w, words;
  int hops, spatial;
};

// Eight bytes of 0 or 1 become eight bits, the first the lowest.
Bits packed(const uint8_t* bytes) {
  Bits eight = 0;
  for (int i = 0; i < 8; ++i) eight |= static_cast<Bits>(bytes[i]) << (8 * i);
  return (eight * 0x0102040810204080ull) >> 56;
}

// The bits of a row, set where it holds the label. `bytes` has room for whole words.
template <typename T>
void bits_of(const T* row, int64_t w, T label, uint8_t* bytes, Bits* out, int64_t words) {
  for (int64_t i = 0; i < w; ++i) bytes[i] = row[i] == label ? 1 : 0;
  for (int64_t word = 0; word < words; ++word) {
    Bits bits = 0;
    for (int i = 0; i < 8; ++i) bits |= packed(bytes + word * kBits + i * 8) << (8 * i);
    out[word] = bits;
  }
}

// `seeds` spread over `open` towards the higher bits of a word.
Bits upwards(Bits seeds, Bits open) {
  for (int step = 1; step < kBits; step *= 2) {
    seeds |= open & (seeds << step);
    open &= open << step;
  }
  return seeds;
}
Bits downwards(Bits seeds, Bits open) {
  for (int step = 1; step < kBits; step *= 2) {
    seeds |= open & (seeds >> step);
    open &= open >> step;
  }
  return seeds;
}

// Spreads what is reached in a row over all that is open beside it.
void spread(Bits* reached, const Bits* open, int64_t words) {
  Bits carry = 0;
  for (int64_t i = 0; i < words; ++i) {
    reached[i] = upwards(reached[i] | (carry & open[i]), open[i]);
    carry = reached[i] >> (kBits - 1);
  }
  carry = 0;
  for (int64_t i = words - 1; i >= 0; --i) {
    reached[i] = downwards(reached[i] | (carry & open[i]), open[i]);
    carry = reached[i] << (kBits - 1);
  }
}

// One image, and the room for it.
struct Flood {
  Grid g;
  Box box;
  std::vector<Bits> open, reached, row;
  std::vector<uint8_t> stale;  // rows beside which something was reached since they were looked at

  bool at_border(int64_t z, int64_t y) const {
    return (g.spatial > 2 && (z == box.first[0] || z == box.last[0])) || (g.spatial > 1 && (y == box.first[1] || y == box.last[1]));
  }

  // Calls with(z, y, slack) for the rows of the box that touch one; slack is 1 where voxels touch across as well.
  template <typename F>
  void beside(int64_t z, int64_t y, const F& with) const {
    for (int64_t dz = -1; dz <= 1; ++dz)
      for (int64_t dy = -1; dy <= 1; ++dy) {
        const int steps = (dz != 0) + (dy != 0);
        if (steps == 0 || steps > g.hops || z + dz < box.first[0] || z + dz > box.last[0] || y + dy < box.first[1] || y + dy > box.last[1]) continue;
        with(z + dz, y + dy, steps < g.hops);
      }
  }

  // Whether more of a row is reached from those beside it.
  bool look(int64_t z, int64_t y) {
    const int64_t at = (z * g.h + y) * g.words;
    std::copy_n(reached.begin() + at, g.words, row.begin());
    beside(z, y, [&](int64_t oz, int64_t oy, bool slack) {
      const Bits* other = reached.data() + (oz * g.h + oy) * g.words;
      for (int64_t i = 0; i < g.words; ++i) {
        row[i] |= other[i];
        if (!slack) continue;
        row[i] |= other[i] << 1 | other[i] >> 1;
        if (i > 0) row[i] |= other[i - 1] >> (kBits - 1);
        if (i + 1 < g.words) row[i] |= other[i + 1] << (kBits - 1);
      }
    });
    for (int64_t i = 0; i < g.words; ++i) row[i] &= open[at + i];
    spread(row.data(), open.data() + at, g.words);
    if (std::equal(row.begin(), row.end(), reached.begin() + at)) return false;
    std::copy(row.begin(), row.end(), reached.begin() + at);
    return true;
  }

  // From the border on, to and fro over the rows, until nothing more is reached.
  void run() {
    std::fill(reached.begin(), reached.end(), 0);
    std::fill(stale.begin(), stale.end(), 1);
    for (int64_t z = box.first[0]; z <= box.last[0]; ++z)
      for (int64_t y = box.first[1]; y <= box.last[1]; ++y) {
        Bits* own = reached.data() + (z * g.h + y) * g.words;
        if (at_border(z, y)) {
          std::copy_n(open.begin() + (z * g.h + y) * g.words, g.words, own);
          continue;
        }
        for (const int64_t x : {box.first[2], box.last[2]}) own[x / kBits] |= open[(z * g.h + y) * g.words + x / kBits] & (Bits{1} << (x % kBits));
      }
    const int64_t height = box.last[1] - box.first[1] + 1, rows = (box.last[0] - box.first[0] + 1) * height;
    bool more = true;
    for (bool back = false; more; back = !back) {
      more = false;
      for (int64_t i = 0; i < rows; ++i) {
        const int64_t at = back ? rows - 1 - i : i, z = box.first[0] + at / height, y = box.first[1] + at % height;
        uint8_t& own = stale[z * g.h + y];
        if (own == 0) continue;
        own = 0;
        if (!look(z, y)) continue;
        more = true;
        beside(z, y, [&](int64_t oz, int64_t oy, bool) { stale[oz * g.h + oy] = 1; });
      }
    }
  }
};

template <typename T>
void fill_image(T* x, T label, Flood& flood) {
  const Grid& g = flood.g;
  std::vector<uint8_t> bytes(g.words * kBits);
  std::vector<Bits> any(g.words);
  Box& box = flood.box;
  box = {{g.d, g.h, g.w}, {-1, -1, -1}};
  for (int64_t r = 0; r < g.d * g.h; ++r) {
    Bits* own = flood.open.data() + r * g.words;
    bits_of(x + r * g.w, g.w, label, bytes.data(), own, g.words);
    bool found = false;
    for (int64_t i = 0; i < g.words; ++i) {
      found |= own[i] != 0;
      any[i] |= own[i];
      own[i] = ~own[i];
    }
    if (!found) continue;
    box.first[0] = std::min(box.first[0], r / g.h), box.last[0] = r / g.h;
    box.first[1] = std::min(box.first[1], r % g.h), box.last[1] = std::max(box.last[1], r % g.h);
  }
  if (box.last[0] < 0) return;
  for (int64_t i = 0; i < g.w; ++i)
    if (any[i / kBits] >> (i % kBits) & 1) box.first[2] = std::min(box.first[2], i), box.last[2] = i;
  if (g.spatial < 3) box.first[0] = 0, box.last[0] = g.d - 1;
  if (g.spatial < 2) box.first[1] = 0, box.last[1] = g.h - 1;
  // what is beside the box is not open, so that no row is followed beyond it
  std::vector<Bits> inside(g.words);
  for (int64_t i = box.first[2]; i <= box.last[2]; ++i) inside[i / kBits] |= Bits{1} << (i % kBits);
  for (int64_t r = box.first[0] * g.h; r < (box.last[0] + 1) * g.h; ++r)
    for (int64_t i = 0; i < g.words; ++i) flood.open[r * g.words + i] &= inside[i];
  flood.run();
  for (int64_t z = box.first[0]; z <= box.last[0]; ++z)
    for (int64_t y = box.first[1]; y <= box.last[1]; ++y) {
      const int64_t at = z * g.h + y;
      for (int64_t i = 0; i < g.words; ++i)
        for (Bits holes = flood.open[at * g.words + i] & ~flood.reached[at * g.words + i]; holes != 0; holes &= holes - 1)
          x[at * g.w + i * kBits + __builtin_ctzll(holes)] = label;
    }
}

// fillEnclosed(x, label, hops, spatial): of (N, D, H, W), each image by itself, in place; x is contiguous. What cannot be reached from the border over
// touching voxels that have not the label gets it. Of D, H and W, only the last `spatial` have ends that are a border.
napi_value fill_enclosed(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    at::Tensor x = state.get(to_handle(env, args[0])).detach();
    const double label = to_double(env, args[1]);
    const int64_t hops = to_int(env, args[2]), spatial = to_int(env, args[3]);
    TORCH_CHECK(x.dim() == 4 && x.device().is_cpu() && x.is_contiguous(), "fillEnclosed takes a contiguous 4-dimensional tensor on the CPU");
    TORCH_CHECK(hops >= 1 && hops <= 3 && spatial >= 1 && spatial <= 3, "fillEnclosed: connectivity and spatial dimensions are 1, 2 or 3");
    if (x.numel() == 0) return make_undefined(env);
    const int64_t words = (x.size(3) + kBits - 1) / kBits, rows = x.size(1) * x.size(2);
    Flood flood{{x.size(1), x.size(2), x.size(3), words, static_cast<int>(hops), static_cast<int>(spatial)}, {},
                std::vector<Bits>(rows * words), std::vector<Bits>(rows * words), std::vector<Bits>(words), std::vector<uint8_t>(rows)};
    AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, x.scalar_type(), "fillEnclosed", [&] {
      const scalar_t own = at::Scalar(label).to<scalar_t>();
      for (int64_t image = 0; image < x.size(0); ++image) fill_image(x.mutable_data_ptr<scalar_t>() + image * rows * x.size(3), own, flood);
    });
    return make_undefined(env);
  });
}

}  // namespace

void define_holes(napi_env env, napi_value exports) { define(env, exports, "fillEnclosed", fill_enclosed); }

}  // namespace clinicadl
