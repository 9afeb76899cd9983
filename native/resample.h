// The parts of resampling: the taps of a place along one axis (resample_taps.cc), and the voxels that are made of them (resample.cc).
#pragma once
#include <cstdint>
#include <string>

namespace clinicadl {

enum class Kernel { nearest, linear, cubic, gaussian, label_gaussian, hamming, cosine, welch, lanczos, blackman };

// Throws std::invalid_argument for a name that is none.
Kernel kernel_from_name(const std::string& name);

// The voxels along one axis from which a value is made, and how much each counts.
struct Taps {
  static constexpr int most = 10;  // of the windowed sines
  int count;
  int64_t index[most];
  double weight[most];
};

// The taps of a place on an axis of n voxels, from -0.5 to n - 0.5: their indices are of voxels that are there.
void taps_of(Kernel kernel, double place, int64_t n, Taps& taps);

// The greatest integer that is not greater; for numbers that int64_t holds. std::floor is a call where the processor is not known.
inline int64_t floor_of(double x) {
  const auto whole = static_cast<int64_t>(x);
  return whole - (x < static_cast<double>(whole) ? 1 : 0);
}

// Places so close to the middle between two voxels, or to a voxel, are there: roundings must not decide.
constexpr double closeness = 1e-9;
inline double snapped(double place) {
  const double half = static_cast<double>(floor_of(2 * place + 0.5)) / 2;
  return place - half < closeness && half - place < closeness ? half : place;
}

}  // namespace clinicadl
