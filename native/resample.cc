// An image on another grid, or moved, or deformed: one pass over the new voxels, without a grid of places in memory.
#include "resample.h"


#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "addon.h"
#include "parallel.h"

namespace clinicadl {
namespace {

struct Job {
  int64_t channels;
  std::array<int64_t, 3> from, to;      // voxels along each axis
  std::array<double, 12> map;           // from indices of the new image to those of the old
  const double* displacement;           // (to, 3), or null
  Kernel kernel;
  std::optional<std::vector<double>> outside;  // by channel; none: the nearest place inside
  int64_t voxels_from() const { return from[0] * from[1] * from[2]; }
  int64_t voxels_to() const { return to[0] * to[1] * to[2]; }
};

// Whether a place is in the image; it is put there. A place that is no number is outside.
bool bring_inside(double& place, int64_t n) {
  const double end = static_cast<double>(n) - 0.5;
  const bool inside = place >= -0.5 - closeness && place < end - closeness;
  if (!(place > -0.5)) place = -0.5;
  if (place > end) place = end;
  return inside;
}

template <typename T>
double weighted(const T* data, const Job& job, const Taps* taps) {
  double sum = 0;
  for (int i = 0; i < taps[0].count; ++i) {
    for (int j = 0; j < taps[1].count; ++j) {
      const T* row = data + (taps[0].index[i] * job.from[1] + taps[1].index[j]) * job.from[2];
      double line = 0;
      for (int k = 0; k < taps[2].count; ++k) line += taps[2].weight[k] * static_cast<double>(row[taps[2].index[k]]);
      sum += taps[0].weight[i] * taps[1].weight[j] * line;
    }
  }
  return sum;
}

// The value with the greatest weight; of two with the same, but for roundings, the first that had it. The first axis is the innermost, as in ITK.
template <typename T>
double heaviest(const T* data, const Job& job, const Taps* taps) {
  T values[Taps::most * Taps::most * Taps::most];
  double weights[Taps::most * Taps::most * Taps::most];
  int known = 0;
  double greatest = -1;
  T best = 0;
  for (int k = 0; k < taps[2].count; ++k) {
    for (int j = 0; j < taps[1].count; ++j) {
      for (int i = 0; i < taps[0].count; ++i) {
        const T value = data[(taps[0].index[i] * job.from[1] + taps[1].index[j]) * job.from[2] + taps[2].index[k]];
        int at = 0;
        while (at < known && values[at] != value) ++at;
        if (at == known) {
          values[known] = value;
          weights[known++] = 0;
        }
        weights[at] += taps[0].weight[i] * taps[1].weight[j] * taps[2].weight[k];
        if (weights[at] > greatest + closeness) {
          greatest = weights[at];
          best = value;
        }
      }
    }
  }
  return static_cast<double>(best);
}

// Between eight voxels: the most frequent case, without lists of taps.
template <typename T>
double between(const T* data, const Job& job, const double* place) {
  int64_t lower[3], upper[3];
  double part[3];
  for (int axis = 0; axis < 3; ++axis) {
    const int64_t below = floor_of(place[axis]);
    part[axis] = place[axis] - static_cast<double>(below);
    lower[axis] = below < 0 ? 0 : below;
    upper[axis] = below + 1 < job.from[axis] ? below + 1 : job.from[axis] - 1;
    // a voxel that counts nothing counts nothing, even where it is no number
    if (part[axis] == 0) upper[axis] = lower[axis];
    if (lower[axis] > upper[axis]) lower[axis] = upper[axis];
  }
  const T *x0 = data + lower[0] * job.from[1] * job.from[2], *x1 = data + upper[0] * job.from[1] * job.from[2];
  const int64_t y0 = lower[1] * job.from[2], y1 = upper[1] * job.from[2], z0 = lower[2], z1 = upper[2];
  const double w = part[2];
  auto along = [&](const T* row) { return static_cast<double>(row[z0]) * (1 - w) + static_cast<double>(row[z1]) * w; };
  const double first = along(x0 + y0) * (1 - part[1]) + along(x0 + y1) * part[1], second = along(x1 + y0) * (1 - part[1]) + along(x1 + y1) * part[1];
  return first * (1 - part[0]) + second * part[0];
}

// The part of a row of the new image, which starts at a place, whose places lie so far inside that all eight voxels around each are there.
std::pair<int64_t, int64_t> far_inside(const Job& job, const double* start) {
  constexpr double margin = 1e-6;
  double first = 0, last = static_cast<double>(job.to[2] - 1);
  for (int axis = 0; axis < 3; ++axis) {
    const double step = job.map[axis * 4 + 2], end = static_cast<double>(job.from[axis] - 1) - margin;
    // an axis of one voxel has no two to be between
    if (end < margin || !std::isfinite(start[axis]) || !std::isfinite(step)) return {0, 0};
    if (step == 0) {
      if (start[axis] < margin || start[axis] > end) return {0, 0};
      continue;
    }
    const double a = (margin - start[axis]) / step, b = (end - start[axis]) / step;
    first = std::max(first, std::min(a, b));
    last = std::min(last, std::max(a, b));
  }
  if (!(first <= last)) return {0, 0};
  return {static_cast<int64_t>(std::ceil(first)), static_cast<int64_t>(std::floor(last)) + 1};
}

// Between eight voxels that are all there.
template <typename T>
void make_inner(const Job& job, const T* data, T* out, const double* start, int64_t begin, int64_t end) {
  const int64_t width = job.from[2], plane = job.from[1] * width;
  for (int64_t z = begin; z < end; ++z) {
    const double fz = static_cast<double>(z);
    const double px = start[0] + job.map[2] * fz, py = start[1] + job.map[6] * fz, pz = start[2] + job.map[10] * fz;
    const auto ix = static_cast<int64_t>(px), iy = static_cast<int64_t>(py), iz = static_cast<int64_t>(pz);
    const double a = px - static_cast<double>(ix), b = py - static_cast<double>(iy), c = pz - static_cast<double>(iz);
    // a voxel that counts nothing counts nothing, even where it is no number
    const int64_t dx = a == 0 ? 0 : plane, dy = b == 0 ? 0 : width, dz = c == 0 ? 0 : 1;
    for (int64_t channel = 0; channel < job.channels; ++channel) {
      const T* at = data + channel * job.voxels_from() + ix * plane + iy * width + iz;
      auto along = [&](const T* row) {
        const auto first = static_cast<double>(row[0]);
        return first + c * (static_cast<double>(row[dz]) - first);
      };
      double near = along(at), far = along(at + dx);
      near += b * (along(at + dy) - near);
      far += b * (along(at + dx + dy) - far);
      out[channel * job.voxels_to() + z] = static_cast<T>(near + a * (far - near));
    }
  }
}

template <typename T>
void make_row(const Job& job, const T* data, T* out, int64_t x, int64_t y) {
  const double fx = static_cast<double>(x), fy = static_cast<double>(y);
  double start[3];
  for (int row = 0; row < 3; ++row) start[row] = job.map[row * 4] * fx + job.map[row * 4 + 1] * fy + job.map[row * 4 + 3];
  int64_t to = (x * job.to[1] + y) * job.to[2];
  Taps taps[3];
  std::pair<int64_t, int64_t> inner{0, 0};
  if (job.kernel == Kernel::linear && !job.displacement) {
    inner = far_inside(job, start);
    make_inner(job, data, out + to, start, inner.first, inner.second);
  }
  for (int64_t z = 0; z < job.to[2]; ++z, ++to) {
    if (z == inner.first && inner.first < inner.second) {
      to += inner.second - inner.first;
      z = inner.second;
      if (z == job.to[2]) break;
    }
    double place[3];
    bool inside = true;
    for (int axis = 0; axis < 3; ++axis) {
      place[axis] = start[axis] + job.map[axis * 4 + 2] * static_cast<double>(z) + (job.displacement ? job.displacement[to * 3 + axis] : 0.0);
      inside = bring_inside(place[axis], job.from[axis]) && inside;
    }
    if (!inside && job.outside) {
      for (int64_t c = 0; c < job.channels; ++c) out[c * job.voxels_to() + to] = static_cast<T>((*job.outside)[c]);
      continue;
    }
    if (job.kernel == Kernel::linear) {
      for (int64_t c = 0; c < job.channels; ++c) out[c * job.voxels_to() + to] = static_cast<T>(between(data + c * job.voxels_from(), job, place));
      continue;
    }
    if (job.kernel == Kernel::nearest) {
      int64_t at = 0;
      for (int axis = 0; axis < 3; ++axis) at = at * job.from[axis] + std::min(floor_of(place[axis] + 0.5 + closeness), job.from[axis] - 1);
      for (int64_t c = 0; c < job.channels; ++c) out[c * job.voxels_to() + to] = data[c * job.voxels_from() + at];
      continue;
    }
    for (int axis = 0; axis < 3; ++axis) taps_of(job.kernel, snapped(place[axis]), job.from[axis], taps[axis]);
    for (int64_t c = 0; c < job.channels; ++c) {
      const T* channel = data + c * job.voxels_from();
      out[c * job.voxels_to() + to] = static_cast<T>(job.kernel == Kernel::label_gaussian ? heaviest(channel, job, taps) : weighted(channel, job, taps));
    }
  }
}

// The places along one axis of the new image, where they depend on no other: whether they are inside, and their taps.
struct Axis {
  std::vector<char> inside;
  std::vector<Taps> taps;
};

// The new image's axes run along those of the old: each place along an axis depends on the index along it alone. What is
// smaller than a rounding of a place is none.
bool is_straight(const Job& job) {
  if (job.displacement || job.kernel == Kernel::label_gaussian) return false;
  // lists of taps are for images, not for a line of millions of voxels
  if (*std::max_element(job.to.begin(), job.to.end()) > 1 << 16) return false;
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 3; ++column)
      if (row != column && !(std::abs(job.map[row * 4 + column]) * static_cast<double>(job.to[column]) < closeness / 10)) return false;
  return true;
}

Axis axis_of(const Job& job, int axis) {
  Axis result;
  const int64_t n = job.to[axis];
  result.inside.resize(n);
  result.taps.resize(n);
  for (int64_t i = 0; i < n; ++i) {
    double place = job.map[axis * 4 + axis] * static_cast<double>(i) + job.map[axis * 4 + 3];
    result.inside[i] = bring_inside(place, job.from[axis]);
    taps_of(job.kernel, snapped(place), job.from[axis], result.taps[i]);
  }
  return result;
}

// A row of the new image: the rows of the old that it is made of become one, of which the voxels along it are made. `line` has room for one.
template <typename T>
void make_straight_row(const Job& job, const std::array<Axis, 3>& axes, const T* data, T* out, int64_t x, int64_t y, double* line) {
  const Taps &across = axes[0].taps[x], &down = axes[1].taps[y];
  const bool inside = axes[0].inside[x] && axes[1].inside[y];
  const int64_t width = job.from[2];
  for (int64_t c = 0; c < job.channels; ++c) {
    T* to = out + c * job.voxels_to() + (x * job.to[1] + y) * job.to[2];
    if (!inside && job.outside) {
      std::fill_n(to, job.to[2], static_cast<T>((*job.outside)[c]));
      continue;
    }
    std::fill_n(line, width, 0.0);
    for (int i = 0; i < across.count; ++i) {
      for (int j = 0; j < down.count; ++j) {
        const T* row = data + c * job.voxels_from() + (across.index[i] * job.from[1] + down.index[j]) * width;
        const double weight = across.weight[i] * down.weight[j];
        for (int64_t k = 0; k < width; ++k) line[k] += weight * static_cast<double>(row[k]);
      }
    }
    for (int64_t z = 0; z < job.to[2]; ++z) {
      if (!axes[2].inside[z] && job.outside) {
        to[z] = static_cast<T>((*job.outside)[c]);
        continue;
      }
      const Taps& along = axes[2].taps[z];
      double sum = along.weight[0] * line[along.index[0]];
      for (int k = 1; k < along.count; ++k) sum += along.weight[k] * line[along.index[k]];
      to[z] = static_cast<T>(sum);
    }
  }
}

template <typename T>
void make_all(const Job& job, const at::Tensor& from, at::Tensor& to) {
  const T* data = from.const_data_ptr<T>();
  T* out = to.mutable_data_ptr<T>();
  const int64_t grain = std::max<int64_t>(1, 16384 / job.to[2]);
  const bool straight = is_straight(job);
  std::array<Axis, 3> axes;
  if (straight)
    for (int axis = 0; axis < 3; ++axis) axes[axis] = axis_of(job, axis);
  parallel_for(0, job.to[0] * job.to[1], grain, [&](int64_t begin, int64_t end) {
    if (straight) {
      std::vector<double> line(job.from[2]);
      for (int64_t row = begin; row < end; ++row) make_straight_row(job, axes, data, out, row / job.to[1], row % job.to[1], line.data());
      return;
    }
    for (int64_t row = begin; row < end; ++row) make_row(job, data, out, row / job.to[1], row % job.to[1]);
  });
}

std::vector<double> to_doubles(napi_env env, napi_value array) {
  std::vector<double> values(array_length(env, array));
  for (uint32_t i = 0; i < values.size(); ++i) {
    napi_value element;
    ok(napi_get_element(env, array, i, &element));
    values[i] = to_double(env, element);
  }
  return values;
}

// resample(image, shape, map, displacement | null, kernel, outside | null)
napi_value resample(napi_env env, napi_callback_info info) {
  return guarded(env, [&](Env& state) {
    Args args(env, info);
    const at::Tensor image = state.get(to_handle(env, args[0]));
    TORCH_CHECK(image.dim() == 4 && image.device().is_cpu() && (image.scalar_type() == at::kFloat || image.scalar_type() == at::kDouble),
                "resample takes a 4-dimensional float32 or float64 tensor on the CPU");
    TORCH_CHECK(image.numel() > 0, "resample: an image of shape ", image.sizes(), " has no voxels");
    const at::Tensor from = image.contiguous();
    const auto shape = to_ints(env, args[1]);
    const auto map = to_doubles(env, args[2]);
    TORCH_CHECK(shape.size() == 3 && std::all_of(shape.begin(), shape.end(), [](int64_t n) { return n > 0; }), "resample: a shape is three sizes");
    TORCH_CHECK(map.size() == 12 || map.size() == 16, "resample: a map has three rows of four numbers");
    Job job{from.size(0), {from.size(1), from.size(2), from.size(3)}, {shape[0], shape[1], shape[2]}, {}, nullptr, kernel_from_name(to_string(env, args[4])), std::nullopt};
    std::copy_n(map.begin(), 12, job.map.begin());
    at::Tensor displacement;
    if (!is_nullish(env, args[3])) {
      displacement = state.get(to_handle(env, args[3])).contiguous();
      const int64_t wanted[] = {shape[0], shape[1], shape[2], 3};
      TORCH_CHECK(displacement.scalar_type() == at::kDouble && displacement.device().is_cpu() && displacement.sizes() == at::IntArrayRef(wanted, 4),
                  "resample: displacements are float64 of shape ", at::IntArrayRef(wanted, 4), ", got ", displacement.sizes());
      job.displacement = displacement.const_data_ptr<double>();
    }
    if (!is_nullish(env, args[5])) {
      job.outside = to_doubles(env, args[5]);
      TORCH_CHECK(static_cast<int64_t>(job.outside->size()) == job.channels, "resample: there is one value outside for each channel");
    }
    at::Tensor to = at::empty({job.channels, shape[0], shape[1], shape[2]}, from.options());
    if (from.scalar_type() == at::kFloat) make_all<float>(job, from, to);
    else make_all<double>(job, from, to);
    return make_handle(state, to);
  });
}

}  // namespace

void define_resample(napi_env env, napi_value exports) { define(env, exports, "resample", resample); }

}  // namespace clinicadl
