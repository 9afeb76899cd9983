/** The spectra of images (k-space), with the frequency 0 in the middle, as TorchIO means them. */
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import type { ImagePlace } from "../base.ts";

/**
 * The spectrum along these dimensions, complex.
 * @throws ImageError where there is an infinite number or NaN, which would spread over the image.
 */
export function spectrumOf(tensor: Tensor, dimensions: readonly number[], place: ImagePlace): Tensor {
  requireFinite(tensor, place);
  return torch.fftFftshift(torch.fftFftn(tensor.to({ dtype: "float32" }), null, dimensions), dimensions);
}

/**
 * The smallest and the greatest value.
 * @throws ImageError where one is infinite or NaN.
 */
export function requireFinite(tensor: Tensor, place: ImagePlace): readonly [least: number, greatest: number] {
  const [least, greatest] = torch.voxels.extent(tensor);
  if (Number.isFinite(least) && Number.isFinite(greatest)) return [least, greatest];
  throw place.error("holds values that are not numbers, or infinite.");
}

/** The image of a spectrum, float32. */
export function imageOf(spectrum: Tensor, dimensions: readonly number[]): Tensor {
  return torch.real(torch.fftIfftn(torch.fftIfftshift(spectrum, dimensions), null, dimensions)).contiguous();
}
