#include "resample.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace clinicadl {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr int radius = 5;  // of the windowed sines, as in ITK

int64_t clamped(int64_t i, int64_t n) { return std::min(std::max<int64_t>(i, 0), n - 1); }

// Beyond its ends an axis is mirrored at its outermost voxels.
int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1);
  i = ((i % period) + period) % period;
  return i < n ? i : period - i;
}

// Of the coefficients of cubic B-splines.
void cubic(double place, int64_t n, Taps& taps) {
  const int64_t below = floor_of(place);
  const double t = place - static_cast<double>(below), last = t * t * t / 6;
  const double first = 1.0 / 6 + t * (t - 1) / 2 - last, third = t + first - 2 * last;
  const double weights[4] = {first, 1 - first - third - last, third, last};
  taps.count = 4;
  for (int k = 0; k < 4; ++k) {
    taps.index[k] = mirrored(below - 1 + k, n);
    taps.weight[k] = weights[k];
  }
}

// The share of a Gaussian that falls into each voxel.
void gaussian(double place, int64_t n, double deviation, double reach, Taps& taps) {
  const int64_t begin = std::max<int64_t>(0, floor_of(place + 0.5 - reach + closeness)), end = std::min(n, -floor_of(-(place + 0.5 + reach - closeness)));
  const double scale = 1 / (std::sqrt(2.0) * deviation);
  double sum = 0, before = std::erf((static_cast<double>(begin) - 0.5 - place) * scale);
  taps.count = static_cast<int>(std::min<int64_t>(end - begin, Taps::most));
  for (int k = 0; k < taps.count; ++k) {
    const double after = std::erf((static_cast<double>(begin + k) + 0.5 - place) * scale);
    taps.index[k] = begin + k;
    taps.weight[k] = after - before;
    sum += after - before;
    before = after;
  }
  for (int k = 0; k < taps.count; ++k) taps.weight[k] /= sum;
}

double window(Kernel kernel, double x) {
  const double angle = pi * x / radius;
  switch (kernel) {
    case Kernel::hamming: return 0.54 + 0.46 * std::cos(angle);
    case Kernel::cosine: return std::cos(angle / 2);
    case Kernel::welch: return 1 - x * x / (radius * radius);
    case Kernel::lanczos: return std::sin(angle) / angle;
    default: return 0.42 + 0.5 * std::cos(angle) + 0.08 * std::cos(2 * angle);  // blackman
  }
}

// A sine cardinal under a window; its weights are not brought to a sum of 1, as in ITK.
void sine(Kernel kernel, double place, int64_t n, Taps& taps) {
  const int64_t below = floor_of(place);
  const double t = place - static_cast<double>(below);
  if (t == 0) {
    taps.count = 1;
    taps.index[0] = clamped(below, n);
    taps.weight[0] = 1;
    return;
  }
  taps.count = 2 * radius;
  // sin(π(t - k)) is sin(πt), with the sign of (-1)^k; near 1, sin(π(1 - t)) has more of its digits
  const double s = std::sin(pi * (t > 0.5 ? 1 - t : t)) / pi;
  for (int i = 0; i < 2 * radius; ++i) {
    const int k = i - radius + 1;
    const double x = t - k;
    taps.index[i] = clamped(below + k, n);
    taps.weight[i] = window(kernel, x) * (k % 2 == 0 ? s : -s) / x;
  }
}

}  // namespace

Kernel kernel_from_name(const std::string& name) {
  static const std::pair<const char*, Kernel> names[] = {
      {"nearest", Kernel::nearest}, {"linear", Kernel::linear}, {"bspline", Kernel::cubic}, {"cubic", Kernel::cubic},
      {"gaussian", Kernel::gaussian}, {"label_gaussian", Kernel::label_gaussian}, {"hamming", Kernel::hamming},
      {"cosine", Kernel::cosine}, {"welch", Kernel::welch}, {"lanczos", Kernel::lanczos}, {"blackman", Kernel::blackman}};
  for (const auto& [known, kernel] : names)
    if (name == known) return kernel;
  throw std::invalid_argument("there is no interpolation named " + name);
}

void taps_of(Kernel kernel, double place, int64_t n, Taps& taps) {
  switch (kernel) {
    case Kernel::nearest:
      taps.count = 1;
      taps.index[0] = clamped(floor_of(place + 0.5), n);
      taps.weight[0] = 1;
      return;
    case Kernel::linear: {
      const int64_t below = floor_of(place);
      taps.count = 2;
      taps.index[0] = clamped(below, n);
      taps.index[1] = clamped(below + 1, n);
      taps.weight[1] = place - static_cast<double>(below);
      taps.weight[0] = 1 - taps.weight[1];
      // a voxel that counts nothing counts nothing, even where it is no number
      if (taps.weight[1] == 0) taps.count = 1;
      return;
    }
    case Kernel::cubic: return cubic(place, n, taps);
    case Kernel::gaussian: return gaussian(place, n, 0.8, 3.2, taps);
    case Kernel::label_gaussian: return gaussian(place, n, 1, 1, taps);
    default: return sine(kernel, place, n, taps);
  }
}

}  // namespace clinicadl
