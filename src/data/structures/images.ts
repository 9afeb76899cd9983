import { type NiftiDType, readNifti, spacingOf } from "../../io/nifti/index.ts";
import type { DType, Tensor } from "../../torch/index.ts";
import * as torch from "../../torch/index.ts";
import type { ImageKind, ImageLike } from "../../transforms/types.ts";
import { ImageError } from "../../utils/exceptions.ts";

/** Voxels and where they are. Owns its tensor: `dispose()` gives it back. */
abstract class SpatialImage implements ImageLike, Disposable {
  abstract readonly kind: ImageKind;
  /** (C, D, H, W) = (channels, x, y, z). */
  tensor: Tensor;
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
    this.tensor = tensor;
    this.affine = Float64Array.from(affine);
  }

  /** [C, D, H, W]. */
  get shape(): readonly number[] {
    return this.tensor.shape;
  }
  /** [D, H, W]. */
  get spatialShape(): readonly [number, number, number] {
    const [, d = 1, h = 1, w = 1] = this.tensor.shape;
    return [d, h, w];
  }
  /** Voxel sizes in millimetres. */
  get spacing(): readonly [number, number, number] {
    return spacingOf(this.affine);
  }

  dispose(): void {
    this.tensor.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const IDENTITY: readonly number[] = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** Intensities: interpolated and normalised by transforms. */
export class ScalarImage extends SpatialImage {
  readonly kind = "scalar";
  /** Reads a NIfTI file, as float32. */
  static read(path: string): ScalarImage {
    const { tensor, affine } = readTensor(path);
    return new ScalarImage(tensor, affine);
  }
}

/** Labels, one number per region: a mask or a segmentation. */
export class LabelMap extends SpatialImage {
  readonly kind = "label";
  /** Reads a NIfTI file, in the type that it is stored in (unsigned integers in the next larger type that libtorch has). */
  static read(path: string): LabelMap {
    const { tensor, affine, dtype } = readTensor(path);
    const stored = LABEL_DTYPES[dtype];
    if (stored === "float32") return new LabelMap(tensor, affine);
    const labels = tensor.to({ dtype: stored });
    tensor.dispose();
    return new LabelMap(labels, affine);
  }
}

export type AnyImage = ScalarImage | LabelMap;

/** An image with the same voxels in a tensor object of its own; the memory is shared. */
export function aliasOf(image: AnyImage): AnyImage {
  const tensor = image.tensor.alias();
  return image.kind === "scalar" ? new ScalarImage(tensor, image.affine) : new LabelMap(tensor, image.affine);
}

const LABEL_DTYPES: Readonly<Record<NiftiDType, DType>> = {
  uint8: "uint8",
  int8: "int8",
  uint16: "int32",
  int16: "int16",
  uint32: "int64",
  int32: "int32",
  uint64: "int64",
  int64: "int64",
  float32: "float32",
  float64: "float64",
};

function readTensor(path: string): { tensor: Tensor; affine: Float64Array; dtype: NiftiDType } {
  const { data, shape, channels, affine, dtype } = readNifti(path);
  return { tensor: torch.fromTypedArray(data, [channels, ...shape]), affine, dtype };
}
