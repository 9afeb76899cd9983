/**
 * Spikes in the spectrum of an image, without a way to the spectrum and back: a number that is added to one frequency adds a wave to the image. As in TorchIO, it is
 * added to the real part of that frequency and not to that of its mirror image, and the real part of what comes out is the image.
 */
import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

/** Whole waves along each axis, from 0 to before the size of the axis. */
export type Frequency = readonly number[];

/** The frequency at a place in the spectrum that has frequency 0 in its middle; the place as shares of the size of each axis. */
export function frequencyAt(position: readonly number[], size: readonly number[]): Frequency {
  return size.map((n, axis) => {
    // 1 itself is beyond the last one
    const at = Math.min(Math.floor((position[axis] ?? 0) * n), n - 1);
    return (at - Math.floor(n / 2) + n) % n;
  });
}

/**
 * How high each spike is: `intensity` times the greatest real part in the spectrum, to which those before it belong.
 *
 * @param image (D, H, W).
 * @param least the image has no value below.
 */
export function spikeHeights(
  image: Tensor,
  frequencies: readonly Frequency[],
  intensity: number,
  least: number,
): number[] {
  // of values that are not negative, no wave adds up to more than their sum, which is the spectrum at frequency 0
  if (frequencies.length === 1 && least >= 0) return [torch.tidy(() => image.sum()).item() * intensity];
  using _ = torch.scope();
  const size = image.shape;
  // the other half mirrors it
  const half = torch.real(torch.fftRfftn(image)).contiguous();
  const at = (frequency: Frequency): Tensor => frequency.reduce((part, index) => part.select(0, index), half);
  const mirrored = (frequency: Frequency): Frequency =>
    frequency.map((f, axis) => ((size[axis] ?? 1) - f) % (size[axis] ?? 1));
  const changed = new Map<string, number>();
  return frequencies.map((frequency) => {
    const height = Math.max(half.max().item(), ...changed.values()) * intensity;
    const mirror = mirrored(frequency);
    const place = at((frequency[2] ?? 0) < (half.shape[2] ?? 0) ? frequency : mirror);
    changed.set(frequency.join(), (changed.get(frequency.join()) ?? place.item()) + height);
    // where both are changed, what they were counts no more
    if (changed.has(mirror.join())) place.fill_(Number.NEGATIVE_INFINITY);
    return height;
  });
}

/**
 * Adds waves to an image, in place.
 *
 * @param image (D, H, W), contiguous, float32.
 */
export function addWaves(
  image: Tensor,
  waves: readonly { readonly frequency: Frequency; readonly height: number }[],
): void {
  using _ = torch.scope();
  const [depth = 1, height = 1, width = 1] = image.shape;
  // cos(a + b) = cos a · cos b - sin a · sin b, with b along a row: a product of two narrow matrices
  const across = new Float32Array(depth * height * 2 * waves.length);
  const along = new Float32Array(2 * waves.length * width);
  waves.forEach(({ frequency, height: size }, k) => {
    const [x, y, z] = [depth, height, width].map((n, axis) => turns(frequency[axis] ?? 0, n));
    if (x === undefined || y === undefined || z === undefined) throw new RangeError("A wave runs along three axes.");
    const share = size / image.numel();
    for (let i = 0; i < depth; i++) {
      for (let j = 0; j < height; j++) {
        const [a = 1, b = 0, c = 1, d = 0] = [x.cos[i], x.sin[i], y.cos[j], y.sin[j]];
        const to = ((i * height + j) * waves.length + k) * 2;
        across[to] = share * (a * c - b * d);
        across[to + 1] = -share * (b * c + a * d);
      }
    }
    along.set(z.cos, 2 * k * width);
    along.set(z.sin, (2 * k + 1) * width);
  });
  const left = torch.fromTypedArray(across, [depth * height, 2 * waves.length]);
  const right = torch.fromTypedArray(along, [2 * waves.length, width]);
  image.reshape([depth * height, width]).addmm_(left.to({ device: image.device }), right.to({ device: image.device }));
}

/** The cosine and sine of a wave at each of n voxels. */
function turns(frequency: number, n: number): { readonly cos: Float64Array; readonly sin: Float64Array } {
  // whole turns are left out while they are whole
  const angles = Float64Array.from({ length: n }, (_, i) => (2 * Math.PI * ((frequency * i) % n)) / n);
  return { cos: angles.map(Math.cos), sin: angles.map(Math.sin) };
}
