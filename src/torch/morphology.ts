/** Shapes in images: connected objects, holes, distances. Below metrics and transforms, which both need them. */
import { type Handle, native } from "./native.ts";
import { tidy } from "./scope.ts";
import { Tensor } from "./tensor.ts";

/** Within how many steps along axes voxels touch: 1 is by faces, 2 by edges too, 3 by corners too. */
export type Connectivity = 1 | 2 | 3;

export interface ConnectivityOptions {
  /** Default: the number of spatial dimensions, so that voxels touch by corners too. */
  readonly connectivity?: Connectivity | null;
}

/** The connected objects of images. */
export interface Components {
  /** As the images, int32 (int64 beyond 2³¹ voxels): 0 where they are 0, else the number of the object, from 1, over all images. */
  readonly labels: Tensor;
  /** How many voxels each object has: (objects,), int64. */
  readonly sizes: Tensor;
  /** Where the first voxel of each is, in the images flattened: (objects,), int64. Objects are in this order. */
  readonly firsts: Tensor;
}

/**
 * Finds the connected objects of images: voxels that touch and hold the same number, other than 0. As scikit-image's `label`, but of several images,
 * each by itself.
 *
 * @param images (N, …) with 1 to 3 spatial dimensions; any type of real numbers, 0 or greater. `images` may be on any device; it is done on the CPU.
 * @throws Error when there are negative numbers or NaN, or the connectivity is greater than the number of spatial dimensions.
 * @example
 * ```ts
 * using image = torch.tensor([[1, 1, 0, 1, 0, 2]], { dtype: "int64" });
 * const { labels, sizes, firsts } = torch.morphology.connectedComponents(image);
 * console.log(labels.toNumbers().join(" "), sizes.toNumbers().join(" ")); // → 1 1 0 2 0 3 2 1 1
 * for (const tensor of [labels, sizes, firsts]) tensor.dispose();
 * ```
 */
export function connectedComponents(images: Tensor, { connectivity = null }: ConnectivityOptions = {}): Components {
  const what = "connectedComponents";
  const shape = fourDimensions(what, images);
  const hops = connectivityOf(what, images, connectivity);
  const [labels, sizes, firsts] = tidy((): [Tensor, Tensor, Tensor] => {
    const cpu = onCpu(images);
    // the kernel does not know halves, which are exact in float32
    const numbers = cpu.dtype === "float16" || cpu.dtype === "bfloat16" ? cpu.to({ dtype: "float32" }) : cpu;
    const made = native.connectedComponents(numbers.reshape(shape).handleFor(what), hops);
    const back = (handle: Handle): Tensor => new Tensor(handle).to({ device: images.device });
    return [back(made[0]).reshape([...images.shape]), back(made[1]), back(made[2])];
  });
  return { labels, sizes, firsts };
}

/**
 * The holes of objects: true where an image is 0 and cannot be reached from its border over zeros that touch. An axis of size 1 is all border.
 *
 * @param objects (N, …) with 1 to 3 spatial dimensions; what is not 0 belongs to an object. Each image is by itself.
 * @example
 * ```ts
 * using ring = torch.tensor([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]]);
 * using hole = torch.morphology.holes(ring);
 * using count = hole.sum();
 * console.log(hole.dtype, count.item()); // → bool 1
 * ```
 */
export function holes(objects: Tensor, { connectivity = null }: ConnectivityOptions = {}): Tensor {
  return tidy(() => {
    const own = objects.ne(0);
    return fillHoles(own, [1], { connectivity }).ne(own);
  });
}

/**
 * Images in which what is enclosed by a label is that label: what cannot be reached from the border over voxels that touch and do not have it, whatever
 * they hold. An axis of size 1 is all border.
 *
 * @param images (N, …) with 1 to 3 spatial dimensions, each by itself. On any device; it is done on the CPU.
 * @param labels whose holes are filled, one after the other.
 * @example
 * ```ts
 * using ring = torch.tensor([[[2, 2, 2], [2, 0, 2], [2, 2, 2]]]);
 * using filled = torch.morphology.fillHoles(ring, [2]);
 * console.log(filled.min().item()); // → 2
 * ```
 */
export function fillHoles(
  images: Tensor,
  labels: readonly number[],
  { connectivity = null }: ConnectivityOptions = {},
): Tensor {
  const what = "fillHoles";
  const shape = fourDimensions(what, images);
  const hops = connectivityOf(what, images, connectivity);
  return tidy(() => {
    const filled = onCpu(images).clone({ memoryFormat: "contiguous" });
    const handle = filled.reshape(shape).handleFor(what);
    for (const label of labels) native.fillEnclosed(handle, label, hops, images.ndim - 1);
    return filled.to({ device: images.device });
  });
}

export interface DistanceOptions {
  /** How it is measured: "euclidean" (default), or over the grid, the sum ("taxicab") or the greatest ("chessboard") of how far it is along each axis. */
  readonly metric?: "euclidean" | "taxicab" | "chessboard";
  /** The size of a voxel: of all axes, or of each. Default 1: distances are in voxels. */
  readonly sampling?: number | readonly number[];
  /** Of the result. Default float32; it is computed with float64 either way. */
  readonly dtype?: "float32" | "float64";
}

/**
 * The distance of each voxel to the nearest that is 0, exact: 0 where a voxel is 0, infinite where its whole image has none. As SciPy's
 * `distance_transform_edt` and `distance_transform_cdt`, but of several images, each by itself, and of voxels of any size.
 *
 * @param objects (N, …) with 1 to 3 spatial dimensions; any type. On any device; it is done on the CPU.
 * @example
 * ```ts
 * using objects = torch.tensor([[0, 1, 1, 1]]);
 * using distances = torch.morphology.distanceTransform(objects, { sampling: 2 });
 * console.log(distances.toArray()); // → [ [ 0, 2, 4, 6 ] ]
 * ```
 */
export function distanceTransform(
  objects: Tensor,
  { metric = "euclidean", sampling = 1, dtype = "float32" }: DistanceOptions = {},
): Tensor {
  const what = "distanceTransform";
  const shape = fourDimensions(what, objects);
  const spatial = objects.ndim - 1;
  const sizes = typeof sampling === "number" ? Array<number>(spatial).fill(sampling) : sampling;
  if (sizes.length !== spatial) {
    throw new RangeError(
      `${what}: 'sampling' got ${sizes.length} numbers, and the images have ${spatial} spatial dimensions. Give one for each.`,
    );
  }
  const [d = 1, h = 1, w = 1] = [...Array<number>(3 - spatial).fill(1), ...sizes];
  return tidy(() => {
    const mask = onCpu(objects).ne(0).to({ dtype: "uint8" }).reshape(shape);
    const handle = mask.handleFor(what);
    const distances = new Tensor(
      metric === "euclidean"
        ? native.distanceTransform(handle, d, h, w, dtype === "float64")
        : native.gridDistance(handle, d, h, w, metric),
    );
    return distances.reshape([...objects.shape]).to({ device: objects.device, dtype });
  });
}

/** (N, D, H, W), where spatial dimensions that there are not have size 1. */
function fourDimensions(what: string, images: Tensor): number[] {
  const [n = 1, ...spatial] = images.shape;
  if (images.ndim >= 2 && images.ndim <= 4) return [n, ...Array<number>(3 - spatial.length).fill(1), ...spatial];
  throw new RangeError(
    `${what}: expected images of 1 to 3 spatial dimensions, the channels before them; got the shape [${images.shape.join(", ")}].`,
  );
}

function connectivityOf(what: string, images: Tensor, connectivity: Connectivity | null): number {
  const spatial = images.ndim - 1;
  if (connectivity === null) return spatial;
  if ([1, 2, 3].includes(connectivity) && connectivity <= spatial) return connectivity;
  throw new RangeError(
    `${what}: 'connectivity' got ${connectivity}; it is from 1 to ${spatial}, the number of spatial dimensions.`,
  );
}

function onCpu(tensor: Tensor): Tensor {
  return tensor.detach().to({ device: "cpu" });
}
