/** The surfaces of two objects in the same image, and how far they are apart. */

import type { Tensor } from "../torch/index.ts";
import * as torch from "../torch/index.ts";
import { elementSizes } from "./surface-elements.ts";

/** How the distance of two voxels is measured. */
export type DistanceMetric = "euclidean" | "chessboard" | "taxicab";

export interface SurfaceOptions {
  readonly distanceMetric: DistanceMetric;
  /** The size of a voxel along each axis. */
  readonly sampling: readonly number[];
  /** Whether the surface lies between voxels, and has an area, rather than being the voxels at the edge. */
  readonly subvoxels: boolean;
}

/** The surface of an object. */
interface Surface {
  /** True where it is. */
  readonly edges: Tensor;
  /** How large it is at each of these places, in their order. */
  readonly sizes: Float64Array;
}

/**
 * Two objects in the same image: masks (…) of 1 to 3 dimensions, bool. They end at the border of the image. Only what is around
 * both is looked at. What it makes is in the open scope.
 */
export class SurfacePair {
  readonly #pred: Surface;
  readonly #label: Surface;
  readonly #options: SurfaceOptions;

  private constructor(pred: Surface, label: Surface, options: SurfaceOptions) {
    this.#pred = pred;
    this.#label = label;
    this.#options = options;
  }

  /** @returns which of them is empty, where one or both are. */
  static of(pred: Tensor, label: Tensor, options: SurfaceOptions): SurfacePair | "pred" | "label" | "both" {
    const [a, b] = [boundingBox(pred), boundingBox(label)];
    if (a === null) return b === null ? "both" : "pred";
    if (b === null) return "label";
    const table = options.subvoxels ? elementSizes(options.sampling) : null;
    const surface = (mask: Tensor): Surface => {
      const around = a.reduce((part, [first, last], axis) => {
        const [otherFirst, otherLast] = b[axis] ?? [first, last];
        const begin = Math.min(first, otherFirst);
        return part.narrow(axis, begin, Math.max(last, otherLast) - begin + 1);
      }, mask);
      const padded = torch.constantPadNd(around, Array<number>(2 * mask.ndim).fill(1));
      return table === null ? edgeVoxels(padded) : edgeElements(padded, table);
    };
    return new SurfacePair(surface(pred), surface(label), options);
  }

  /** How far each part of the output's surface is from the label's. */
  predToLabel(): Float64Array {
    return this.#distances(this.#pred, this.#label);
  }
  /** How far each part of the label's surface is from the output's. */
  labelToPred(): Float64Array {
    return this.#distances(this.#label, this.#pred);
  }
  /** How large each part of the output's surface is, in the order of `predToLabel`: 1 where parts are voxels. */
  get predSizes(): Float64Array {
    return this.#pred.sizes;
  }
  /** The same of the label's. */
  get labelSizes(): Float64Array {
    return this.#label.sizes;
  }

  #distances({ edges }: Surface, { edges: others }: Surface): Float64Array {
    const { distanceMetric, sampling } = this.#options;
    return torch.tidy(() => {
      const distances = torch.morphology
        .distanceTransform(others.logicalNot().unsqueeze(0), { metric: distanceMetric, sampling, dtype: "float64" })
        .squeeze(0);
      return distances.maskedSelect(edges).toTypedArray() as Float64Array;
    });
  }
}

/** The first and last place of an object along each axis; null where there is no object. */
function boundingBox(mask: Tensor): (readonly [number, number])[] | null {
  const box: [number, number][] = [];
  // what is left of it, without the axes that have been looked at
  let rest = mask;
  while (rest.ndim > 0) {
    const places = (rest.ndim === 1 ? rest : rest.flatten(1).any([1])).toNumbers();
    const first = places.indexOf(1);
    if (first < 0) return null;
    const last = places.lastIndexOf(1);
    box.push([first, last]);
    rest = rest.narrow(0, first, last - first + 1).any([0]);
  }
  return box;
}

/** The voxels of an object next to one that is not of it, by a face. `padded` has a voxel more at each side. */
function edgeVoxels(padded: Tensor): Surface {
  const inner = (tensor: Tensor, except = -1, shift = 0): Tensor =>
    tensor.shape.reduce((part, size, axis) => part.narrow(axis, axis === except ? 1 + shift : 1, size - 2), tensor);
  const mask = inner(padded);
  let within = mask;
  for (let axis = 0; axis < padded.ndim; axis++) {
    for (const shift of [-1, 1]) within = within.logicalAnd(inner(padded, axis, shift));
  }
  const edges = mask.logicalXor(within);
  return { edges, sizes: new Float64Array(edges.sum().item()).fill(1) };
}

/** The places between voxels where those of an object meet others. */
function edgeElements(padded: Tensor, table: Float64Array): Surface {
  const voxels = padded.to({ dtype: "uint8" });
  const corners = Array.from({ length: 2 ** padded.ndim }, (_, corner) => {
    const shift = (axis: number): number => (corner >> (padded.ndim - 1 - axis)) & 1;
    const at = voxels.shape.reduce((part, size, axis) => part.narrow(axis, shift(axis), size - 1), voxels);
    return at.mul(2 ** (2 ** padded.ndim - 1 - corner));
  });
  const codes = corners.reduce((sum, bit) => sum.add(bit));
  const edges = codes.ne(0).logicalAnd(codes.ne(table.length - 1));
  const found = codes.maskedSelect(edges).toTypedArray() as Uint8Array;
  return { edges, sizes: Float64Array.from(found, (code) => table[code] ?? 0) };
}
