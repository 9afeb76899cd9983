import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

export interface SharpenOptions {
  /** Full width at half maximum of the Gaussian by which the field has blurred the histogram, in logarithms of intensities. */
  readonly fwhm: number;
  /** How much noise there is, of which the deconvolution makes no structure. */
  readonly wienerNoise: number;
  readonly numBins: number;
}

/**
 * Log intensities as they are likely without a field: their histogram is deconvolved with a Gaussian, and each intensity becomes its mean under
 * what comes of that (Sled, Zijdenbos & Evans 1998).
 *
 * @param values flat, float64.
 */
export function sharpen(values: Tensor, { fwhm, wienerNoise, numBins }: SharpenOptions): Tensor {
  const [low, high] = values.aminmax().map((value) => value.item());
  if (low === undefined || high === undefined || low === high) return values;
  const width = (high - low) / (numBins - 1);
  const place = values.sub(low).div(width);
  const bin = place.floor().clamp(0, numBins - 1);
  // each counts for the two bins between whose middles it lies
  const upper = place.sub(bin);
  const lowerIndex = bin.to({ dtype: "int64" });
  const upperIndex = lowerIndex.add(1).clampMax(numBins - 1);
  const histogram = torch
    .bincount(lowerIndex, torch.sub(torch.ones([], { dtype: "float64" }), upper), numBins)
    .add(torch.bincount(upperIndex, upper, numBins));

  // room on both sides, since the convolution goes round
  const size = 2 ** (Math.ceil(Math.log2(numBins)) + 1);
  const before = Math.floor((size - numBins) / 2);
  const padded = torch.constantPadNd(histogram, [before, size - numBins - before]);
  const blur = torch.real(torch.fftRfft(gaussian(size, fwhm / width)));
  const wiener = blur.div(blur.square().add(wienerNoise));
  const convolve = (signal: Tensor, kernel: Tensor): Tensor => torch.fftIrfft(torch.fftRfft(signal).mul(kernel), size);
  const sharp = convolve(padded, wiener).clampMin(0);
  const middles = torch.arange(size, { dtype: "float64" }).sub(before).mul(width).add(low);
  const mass = convolve(sharp, blur);
  const means = convolve(sharp.mul(middles), blur).div(mass);
  const expected = torch.where(mass.ne(0), means, torch.zeros([], { dtype: "float64" })).narrow(0, before, numBins);

  return expected.indexSelect(0, lowerIndex).lerp(expected.indexSelect(0, upperIndex), upper);
}

/** A Gaussian of this width in bins, in the middle of which the signal begins. */
function gaussian(size: number, fwhm: number): Tensor {
  const factor = (4 * Math.LN2) / fwhm ** 2;
  const scale = (2 * Math.sqrt(Math.LN2 / Math.PI)) / fwhm;
  const data = Float64Array.from({ length: size }, (_, i) => scale * Math.exp(-(Math.min(i, size - i) ** 2) * factor));
  return torch.fromTypedArray(data, [size]);
}
