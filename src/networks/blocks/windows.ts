import type { Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";

const product = (sizes: readonly number[]) => sizes.reduce((all, n) => all * n, 1);

/** Images (N, ...size, C), whose size the window divides, as windows (N · windows, places of a window, C). */
export function partition(x: Tensor, window: readonly number[]): Tensor {
  using scope = torch.scope();
  const [batch = 1, ...rest] = x.shape;
  const channels = rest.at(-1) ?? 1;
  const split = window.flatMap((length, i) => [(rest[i] ?? length) / length, length]);
  const order = [0, ...window.map((_, i) => 1 + 2 * i), ...window.map((_, i) => 2 + 2 * i), split.length + 1];
  return scope.keep(
    x
      .reshape([batch, ...split, channels])
      .permute(order)
      .reshape([-1, product(window), channels]),
  );
}

/** What {@link partition} took apart: images (N, ...size, C). */
export function reverse(windows: Tensor, window: readonly number[], size: readonly number[]): Tensor {
  using scope = torch.scope();
  const dims = size.length;
  const counts = size.map((length, i) => length / (window[i] ?? 1));
  const channels = windows.shape.at(-1) ?? 1;
  const order = [0, ...size.flatMap((_, i) => [1 + i, 1 + dims + i]), 2 * dims + 1];
  return scope.keep(
    windows
      .reshape([-1, ...counts, ...window, channels])
      .permute(order)
      .reshape([-1, ...size, channels]),
  );
}

export interface Windows {
  readonly window: readonly number[];
  /** How far the windows are moved; zeros where they are not. */
  readonly shift: readonly number[];
  /** The size of the image, made larger so that windows divide it. */
  readonly padded: readonly number[];
}

/** The windows of an image: one that is not larger than a window has a window of its size, which does not move. */
export function windowsOf(size: readonly number[], given: readonly number[], shifted: boolean): Windows {
  const whole = size.map((length, i) => length <= (given[i] ?? length));
  const window = size.map((length, i) => (whole[i] === true ? length : (given[i] ?? length)));
  return {
    window,
    shift: window.map((length, i) => (shifted && whole[i] === false ? Math.floor(length / 2) : 0)),
    padded: size.map((length, i) => Math.ceil(length / (window[i] ?? 1)) * (window[i] ?? 1)),
  };
}

/**
 * What is added to the attention of moved windows, in which what was at opposite sides of the image meets: -100 between places that do not belong
 * together, else 0: (windows, places, places).
 */
export function windowMask({ window, shift, padded }: Windows, device: torch.Tensor["device"]): Tensor {
  using scope = torch.scope();
  let regions = torch.zeros([1, ...padded, 1]);
  for (const [axis, length] of padded.entries()) {
    const [side = 1, moved = 0] = [window[axis], shift[axis]];
    const region = (place: number) => (place < length - side ? 0 : place < length - moved ? 1 : 2);
    const along = torch.tensor(Array.from({ length }, (_, place) => (moved === 0 ? 0 : region(place))));
    const shape = [1, ...padded.map((_, i) => (i === axis ? length : 1)), 1];
    regions = regions.mul(3).add(along.reshape(shape));
  }
  const numbers = partition(regions, window).squeeze(-1);
  const differs = numbers.unsqueeze(1).sub(numbers.unsqueeze(2)).ne(0);
  return scope.keep(differs.to({ dtype: "float32" }).mul(-100).to({ device }));
}

/**
 * The place in a table of `product(2 · length - 1)` values of each pair of places of a window, by how far one is from the other: (places, places),
 * int64.
 */
export function relativePositions(window: readonly number[]): Tensor {
  const places = product(window);
  const coordinates = Array.from({ length: places }, (_, place) => {
    let rest = place;
    return window
      .toReversed()
      .map((length) => {
        const along = rest % length;
        rest = Math.floor(rest / length);
        return along;
      })
      .reverse();
  });
  const index = new BigInt64Array(places * places);
  for (const [i, from] of coordinates.entries()) {
    for (const [j, to] of coordinates.entries()) {
      const at = window.reduce(
        (sum, length, d) => sum * (2 * length - 1) + (from[d] ?? 0) - (to[d] ?? 0) + length - 1,
        0,
      );
      index[i * places + j] = BigInt(at);
    }
  }
  return torch.fromTypedArray(index, [places, places]);
}
