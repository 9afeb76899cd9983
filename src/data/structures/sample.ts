import type { BidsFileType } from "../../io/bids/index.ts";
import type { Tensor } from "../../torch/index.ts";
import type { SamplePlace } from "../../transforms/types.ts";
import { show } from "../../utils/config.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import { DataPoint, type DataPointOptions } from "./data-point.ts";
import { type AnyImage, LabelMap, ScalarImage } from "./images.ts";

export interface SampleOptions extends DataPointOptions {
  /** Of which type its file is: one, or one per channel. Default: it comes from no file of a BIDS dataset. */
  readonly fileType?: BidsFileType | readonly BidsFileType[];
  /** One, or one per channel. Default: it comes from no file. */
  readonly imagePath?: string | readonly string[];
  /** Where in the image it was cut out. Default: it is the whole image. */
  readonly place?: SamplePlace;
}

/** The names under which every sample has something: no column, mask or merged field may take one. */
export const SAMPLE_FIELDS: readonly string[] = [
  "image",
  "participant_id",
  "session_id",
  "file_type",
  "image_path",
  "sample_type",
  "sample_position",
  "slice_direction",
  "squeeze",
];

const WHOLE: SamplePlace = { sampleType: "image", samplePosition: null };
const READ_ONLY = ["file_type", "image_path", "sample_type", "sample_position"];

/**
 * What a dataset gives: a whole image, a patch or a slice of it, with where it comes from.
 * @example
 * ```ts
 * using sample = await dataset.get(0);
 * console.log(sample.participantId, sample.sampleType, sample.getField("label")); // → sub-001 image 1
 * console.log(sample.getKeys({ include: ["image", "age", "label"] })); // → [ 'image', 'label', 'age' ]
 * ```
 */
export class Sample extends DataPoint {
  /** One per channel; none where it is not known. */
  readonly fileType: readonly BidsFileType[];
  /** One per channel; none where it is not known. */
  readonly imagePath: readonly string[];
  readonly place: SamplePlace;

  /** @throws ConfigError for a place that is none, and an option that is misspelt; ImageError for values that are not one per channel. */
  constructor({ fileType = [], imagePath = [], place = WHOLE, ...options }: SampleOptions) {
    super(options);
    const channels = this.image.shape[0] ?? 1;
    this.fileType = perChannel("fileType", isOne(fileType) ? [fileType] : fileType, channels, this.who);
    const paths = typeof imagePath === "string" ? [imagePath] : imagePath;
    this.imagePath = perChannel("imagePath", paths, channels, this.who);
    this.place = place;
    if (!isPlace(place)) throw new ConfigError(`${this.who}: 'place' got ${show(place)}. ${PLACES}`);
  }

  get sampleType(): SamplePlace["sampleType"] {
    return this.place.sampleType;
  }
  /** The first voxel of a patch, the index of a slice, null for a whole image. */
  get samplePosition(): SamplePlace["samplePosition"] {
    return this.place.samplePosition;
  }

  override fieldNames(): Iterable<string> {
    return [...super.fieldNames(), ...READ_ONLY];
  }
  override hasField(name: string): boolean {
    return READ_ONLY.includes(name) || super.hasField(name);
  }
  override getField(name: string): unknown {
    switch (name) {
      case "file_type":
        return this.fileType;
      case "image_path":
        return this.imagePath;
      case "sample_type":
        return this.sampleType;
      case "sample_position":
        return this.samplePosition;
      default:
        return super.getField(name);
    }
  }
}

/**
 * A slice. Its images have one voxel along the slice direction, which networks do not see when `squeeze` is set.
 * @example
 * ```ts
 * const slices = new Slice({ sliceDirection: 2, slices: [8] });
 * using slice = await sampleWith({ extraction: slices });
 * using pixels = slice.getImageTensor("image");
 * console.log(slice instanceof Sample2D, slice.samplePosition); // → true 8
 * console.log(slice.image.shape, pixels.shape); // → [ 1, 17, 20, 1 ] [ 1, 17, 20 ]
 * ```
 */
export class Sample2D extends Sample {
  readonly sliceDirection: 0 | 1 | 2;
  readonly squeeze: boolean;

  constructor(options: SampleOptions & { readonly place: SamplePlace & { readonly sampleType: "slice" } }) {
    super(options);
    this.sliceDirection = options.place.sliceDirection;
    this.squeeze = options.place.squeeze;
    const size = this.image.spatialShape[this.sliceDirection];
    if (size !== 1) {
      throw new ImageError(
        `${this.who}: a slice along direction ${this.sliceDirection} has 1 voxel there; the image has ${size}.`,
      );
    }
  }

  /** (C, H, W) when `squeeze` is set, else (C, D, H, W) with one voxel along the slice direction. */
  override getImageTensor(name: string): Tensor {
    const tensor = super.getImageTensor(name);
    if (!this.squeeze) return tensor;
    const flat = tensor.squeeze(this.sliceDirection + 1);
    if (tensor.scope === null) tensor.dispose();
    return flat;
  }
  override addImage(name: string, image: Tensor | AnyImage | string): void {
    super.addImage(
      name,
      isTensor(image) ? new ScalarImage(unsqueezed(this.sliceDirection, image), this.image.affine) : image,
    );
  }
  override addMask(name: string, mask: Tensor | AnyImage | string): void {
    super.addMask(name, isTensor(mask) ? new LabelMap(unsqueezed(this.sliceDirection, mask), this.image.affine) : mask);
  }
}

const PLACES =
  "Of a whole image 'samplePosition' is null; of a patch, its first voxel, three numbers from 0; of a slice, its number, from 0.";

function isPlace({ sampleType, samplePosition }: SamplePlace): boolean {
  const isIndex = (value: number): boolean => Number.isInteger(value) && value >= 0;
  if (sampleType === "image") return samplePosition === null;
  if (sampleType === "slice") return isIndex(samplePosition);
  return Array.isArray(samplePosition) && samplePosition.length === 3 && samplePosition.every(isIndex);
}

function unsqueezed(direction: number, tensor: Tensor): Tensor {
  return tensor.ndim === 3 ? tensor.unsqueeze(direction + 1) : tensor;
}

function isTensor(value: Tensor | AnyImage | string): value is Tensor {
  return typeof value === "object" && !("tensor" in value);
}

function isOne(value: BidsFileType | readonly BidsFileType[]): value is BidsFileType {
  return !Array.isArray(value);
}

function perChannel<T>(what: string, values: readonly T[], channels: number, who: string): readonly T[] {
  const [first] = values;
  if (values.length === 1 && first !== undefined) return Array<T>(channels).fill(first);
  if (values.length > 0 && values.length !== channels)
    throw new ImageError(`${who}: ${what} has ${values.length} values, the image has ${channels} channels.`);
  return values;
}
