import { readNiftiLabelTensor, readNiftiTensor, spacingOf } from "../../io/nifti/index.ts";
import type { DType, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import type { ImageKind, ImageLike } from "../../transforms/types.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { warnOnce } from "../../utils/warnings.ts";

/** Voxels and where they are. Owns its tensor: `dispose()` gives it back. */
abstract class SpatialImage implements ImageLike, Disposable {
  abstract readonly kind: ImageKind;
  #tensor: Tensor;
  /** Of which type its values are, while `#tensor` is memory that others read, and must not be written into; null: it is its own. */
  #lent: DType | null = null;
  /** Voxel indices → millimetres (RAS+), 4×4 row-major. */
  affine: Float64Array;

  /**
   * @param tensor of shape (C, D, H, W); taken over.
   * @param affine 16 numbers. Default: 1 mm voxels from the origin.
   */
  constructor(tensor: Tensor, affine: ArrayLike<number> = IDENTITY) {
    if (tensor.ndim !== 4) {
      throw new ImageError(`An image is a tensor of shape (C, D, H, W); got (${tensor.shape.join(", ")}).`);
    }
    if (affine.length !== 16) throw new ImageError(`An affine is 16 numbers, row by row; got ${affine.length}.`);
    this.#tensor = tensor;
    this.affine = Float64Array.from(affine);
  }

  /** (C, D, H, W) = (channels, x, y, z). It may be written into: no other image, and no cache, has its memory. */
  get tensor(): Tensor {
    if (this.#lent !== null) {
      const own = this.#tensor.dtype === this.#lent ? this.#tensor.clone() : this.#tensor.to({ dtype: this.#lent });
      this.tensor = this.#tensor.kept ? own.keep() : own;
    }
    return this.#tensor;
  }
  set tensor(tensor: Tensor) {
    // nobody else has seen what was lent
    if (this.#lent !== null) this.#tensor.dispose();
    this.#lent = null;
    this.#tensor = tensor;
  }

  /**
   * The tensor stays the memory of a cache, perhaps in a smaller type, until somebody asks for it: only then it is copied.
   * @internal
   */
  lend(dtype: DType): this {
    this.#lent = dtype;
    return this;
  }
  /** Whether its tensor was not asked for yet. @internal */
  get isLent(): boolean {
    return this.#lent !== null;
  }
  /** Takes its tensor out of every scope. @internal */
  keep(): this {
    this.#tensor.keep();
    return this;
  }

  /**
   * Images of one shape and type as one tensor (N, C, D, H, W), in one pass over what is lent; null where they differ.
   * @internal
   */
  static stack(images: readonly SpatialImage[]): Tensor | null {
    const typeOf = (image: SpatialImage): DType => image.#lent ?? image.#tensor.dtype;
    const [first] = images;
    if (first === undefined) return null;
    const [shape, dtype] = [first.shape, typeOf(first)];
    if (!images.every((image) => image.shape.join() === shape.join() && typeOf(image) === dtype)) return null;
    const tensors = images.map((image) => image.#tensor);
    if (tensors.every((tensor) => tensor.dtype === dtype)) return torch.stack(tensors, 0);
    const out = torch.empty([images.length, ...shape], { dtype });
    for (const [i, tensor] of tensors.entries()) {
      using row = out.select(0, i);
      row.copy_(tensor);
    }
    return out;
  }

  /** [C, D, H, W]. */
  get shape(): readonly number[] {
    return this.#tensor.shape;
  }
  /** [D, H, W]. */
  get spatialShape(): readonly [number, number, number] {
    const [, d = 1, h = 1, w = 1] = this.shape;
    return [d, h, w];
  }
  /** Voxel sizes in millimetres. */
  get spacing(): readonly [number, number, number] {
    return spacingOf(this.affine);
  }

  dispose(): void {
    this.#tensor.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const IDENTITY: readonly number[] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/**
 * Intensities: interpolated and normalised by transforms.
 * @example
 * ```ts
 * using image = ScalarImage.read("bids/sub-001/ses-M000/anat/sub-001_ses-M000_T1w.nii.gz");
 * console.log(image.shape, image.tensor.dtype); // → [ 1, 17, 20, 16 ] float32
 * using made = new ScalarImage(torch.zeros([1, 8, 8, 4]), [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]);
 * console.log(made.spacing); // → [ 1, 1, 2 ]
 * ```
 */
export class ScalarImage extends SpatialImage {
  readonly kind = "scalar";
  /** Reads a NIfTI file, as float32; as float64, with a warning, where it holds integers beyond 2²⁴, which float32 would change. */
  static read(path: string): ScalarImage {
    const { tensor, affine } = readNiftiTensor(path);
    if (tensor.dtype === "float64") {
      warnOnce(
        "image of large integers",
        `${path} holds integers beyond 2^24. They are kept, as float64; but networks work in float32, where some of them become the same. Identifiers belong into a mask.`,
      );
    }
    return new ScalarImage(tensor, affine);
  }
}

/**
 * Labels, one number per region: a mask or a segmentation.
 * @example
 * ```ts
 * using labels = LabelMap.read("bids/derivatives/masks/sub-001/ses-M000/anat/sub-001_ses-M000_dseg.nii.gz");
 * console.log(labels.shape, labels.tensor.dtype.includes("int")); // → [ 1, 17, 20, 16 ] true
 * ```
 */
export class LabelMap extends SpatialImage {
  readonly kind = "label";
  /**
   * Reads a NIfTI file, in the type that it is stored in (unsigned integers in the next larger type that libtorch has).
   * Labels stored as fractions, or scaled, are rounded where they are within 0.1 of an integer.
   * @throws ImageError naming a value that is no label.
   */
  static read(path: string): LabelMap {
    const { tensor, affine } = readNiftiLabelTensor(path);
    return new LabelMap(tensor, affine);
  }
}

export type AnyImage = ScalarImage | LabelMap;

/**
 * An image with the same voxels in a tensor object of its own; the memory is shared.
 * @example
 * ```ts
 * using image = new ScalarImage(torch.zeros([1, 2, 2, 2]));
 * using other = aliasOf(image);
 * other.tensor.fill_(1);
 * console.log(image.tensor.sum().item()); // → 8
 * ```
 */
export function aliasOf(image: AnyImage): AnyImage {
  const tensor = image.tensor.alias();
  return image.kind === "scalar" ? new ScalarImage(tensor, image.affine) : new LabelMap(tensor, image.affine);
}
