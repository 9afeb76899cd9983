import type { Interpolation } from "./interpolation.ts";

/** The voxels along one axis from which a value is made, and how much each counts. */
export interface Taps {
  readonly index: number[];
  readonly weight: number[];
}

/** The taps of a position between the voxels of an axis of `size` voxels. The indices are always of voxels that are there. */
export type Kernel = (position: number, size: number) => Taps;

const clamp = (i: number, size: number): number => Math.min(Math.max(i, 0), size - 1);

const nearest: Kernel = (position, size) => ({ index: [clamp(Math.floor(position + 0.5), size)], weight: [1] });

const linear: Kernel = (position, size) => {
  const below = Math.floor(position);
  const part = position - below;
  return { index: [clamp(below, size), clamp(below + 1, size)], weight: [1 - part, part] };
};

/** Of the coefficients of cubic B-splines, which are mirrored at the ends. */
const cubic: Kernel = (position, size) => {
  const below = Math.floor(position);
  const part = position - below;
  const last = part ** 3 / 6;
  const first = 1 / 6 + (part * (part - 1)) / 2 - last;
  const third = part + first - 2 * last;
  const period = Math.max(2 * (size - 1), 1);
  const mirrored = (i: number): number => {
    const at = ((i % period) + period) % period;
    return at < size ? at : period - at;
  };
  return {
    index: [-1, 0, 1, 2].map((k) => mirrored(below + k)),
    weight: [first, 1 - first - third - last, third, last],
  };
};

/** The share of a Gaussian that falls into each voxel, up to `alpha` standard deviations. */
function gaussian(deviation: number, alpha: number): Kernel {
  return (position, size) => {
    const reach = deviation * alpha;
    const begin = Math.max(0, Math.floor(position + 0.5 - reach));
    const end = Math.min(size, Math.ceil(position + 0.5 + reach));
    const index = Array.from({ length: Math.max(end - begin, 0) }, (_, i) => begin + i);
    const scale = 1 / (Math.SQRT2 * deviation);
    const weight = index.map((i) => erf((i + 0.5 - position) * scale) - erf((i - 0.5 - position) * scale));
    const sum = weight.reduce((total, w) => total + w, 0);
    return { index, weight: weight.map((w) => w / sum) };
  };
}

/** How many voxels on each side a windowed sine looks at. */
const RADIUS = 5;

/** A sine cardinal under a window. As in ITK, its weights are not brought to a sum of 1. */
function sinc(window: (x: number) => number): Kernel {
  return (position, size) => {
    const below = Math.floor(position);
    const part = position - below;
    if (part === 0) return { index: [clamp(below, size)], weight: [1] };
    const steps = Array.from({ length: 2 * RADIUS }, (_, i) => i - RADIUS + 1);
    return {
      index: steps.map((k) => clamp(below + k, size)),
      weight: steps.map((k) => window(part - k) * sine(Math.PI * (part - k))),
    };
  };
}

const sine = (x: number): number => Math.sin(x) / x;

/** What ITK does by each name. */
export const KERNELS: Readonly<Record<Interpolation, Kernel>> = {
  nearest,
  linear,
  bspline: cubic,
  cubic,
  gaussian: gaussian(0.8, 4),
  label_gaussian: gaussian(1, 1),
  hamming: sinc((x) => 0.54 + 0.46 * Math.cos((Math.PI * x) / RADIUS)),
  cosine: sinc((x) => Math.cos((Math.PI * x) / (2 * RADIUS))),
  welch: sinc((x) => 1 - (x / RADIUS) ** 2),
  lanczos: sinc((x) => sine((Math.PI * x) / RADIUS)),
  blackman: sinc((x) => 0.42 + 0.5 * Math.cos((Math.PI * x) / RADIUS) + 0.08 * Math.cos((2 * Math.PI * x) / RADIUS)),
};

/** The error function, to the roundings of float64: its series near 0, and the continued fraction of its complement beyond. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 60 && Math.abs(term) > 1e-18; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (sum * 2) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 80; n >= 1; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}
