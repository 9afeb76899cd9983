import { writeFileAtomic } from "../../io/files/index.ts";
import { Tensor } from "../../torch/index.ts";
import { sameAffine } from "../../transforms/affine.ts";
import type { HasImages, ImageLike, TransformRecord } from "../../transforms/types.ts";
import { ClinicaDLException, ImageError } from "../../utils/exceptions.ts";
import { refuseUnknown } from "../../utils/options.ts";
import { pngOf } from "../../utils/png.ts";
import { alignMask } from "./alignment.ts";
import type { FieldType } from "./field-type.ts";
import { type AnyImage, LabelMap, ScalarImage } from "./images.ts";
import { type PictureOptions, pictureOf } from "./plot.ts";

/**
 * A data point has no field of this name.
 * @example
 * ```ts
 * using sample = await dataset.get(0);
 * try {
 *   sample.getField("weight");
 * } catch (error) {
 *   if (error instanceof FieldError) console.log(error.message.slice(0, 51)); // → (sub-001, ses-M000): there is no field 'weight'. Th
 * }
 * ```
 */
export class FieldError extends ClinicaDLException {}

export interface DataPointOptions {
  /** The image, or the path of a NIfTI file. */
  readonly image: ScalarImage | string;
  readonly participantId: string;
  readonly sessionId: string;
  /** Other images and masks, by name. */
  readonly images?: Readonly<Record<string, AnyImage>>;
  /** Everything else, by name. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface PlotOptions extends PictureOptions {
  readonly image?: string;
  readonly masks?: readonly string[];
}

/** Which names are meant: all of them, unless said otherwise. */
export interface KeySelection {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** Names that say who and where; they are read through {@link DataPoint.getField} but cannot be set. */
const IDENTITY_FIELDS = ["participant_id", "session_id"];
/** Voxel sizes that differ by less than this share are the same. */
const RELATIVE_TOLERANCE = 1e-3;

/**
 * The image of a participant at a session, with its masks and whatever else is known of it.
 * Owns its images' tensors; `dispose()` gives them back.
 * @example
 * ```ts
 * const image = "bids/sub-001/ses-M000/anat/sub-001_ses-M000_T1w.nii.gz";
 * using point = new DataPoint({ image, participantId: "sub-001", sessionId: "ses-M000", fields: { age: 77.6 } });
 * console.log(point.image.shape, point.spacing.length, point.getField("age")); // → [ 1, 17, 20, 16 ] 3 77.6
 * ```
 */
export class DataPoint implements HasImages, Disposable {
  readonly participantId: string;
  readonly sessionId: string;
  /** By name, "image" first. */
  readonly images: Map<string, AnyImage>;
  readonly fields: Map<string, unknown>;
  /** What the columns of fields say of them. */
  dtypes: ReadonlyMap<string, FieldType> = new Map();
  /** What was done to it since it was read, in order: `replay` of `clinicadl/transforms` does the same to another. */
  history: readonly TransformRecord[] = [];

  /** @throws ConfigError for an option that is misspelt; ImageError for a file that holds no image. */
  constructor({ image, participantId, sessionId, images = {}, fields = {}, ...unknown }: DataPointOptions) {
    refuseUnknown(new.target.name, unknown);
    this.participantId = participantId;
    this.sessionId = sessionId;
    this.images = new Map<string, AnyImage>([["image", typeof image === "string" ? ScalarImage.read(image) : image]]);
    for (const [name, other] of Object.entries(images)) this.images.set(name, other);
    this.fields = new Map(Object.entries(fields));
  }

  get image(): AnyImage {
    return this.getImage("image");
  }
  set image(image: AnyImage) {
    this.images.set("image", image);
  }

  namedImages(): Iterable<readonly [name: string, image: AnyImage]> {
    return this.images;
  }
  fieldNames(): Iterable<string> {
    return [...IDENTITY_FIELDS, ...this.fields.keys()];
  }
  hasField(name: string): boolean {
    return this.fields.has(name) || IDENTITY_FIELDS.includes(name);
  }
  /** A field that is not an image. @throws FieldError naming those there are. */
  getField(name: string): unknown {
    if (name === "participant_id") return this.participantId;
    if (name === "session_id") return this.sessionId;
    if (!this.fields.has(name)) {
      throw new FieldError(
        `${this.who}: there is no field '${name}'. There are: ${[...this.images.keys(), ...this.fieldNames()].join(", ")}.`,
      );
    }
    return this.fields.get(name);
  }
  setField(name: string, value: unknown): void {
    if (IDENTITY_FIELDS.includes(name)) throw new FieldError(`${this.who}: '${name}' cannot be changed.`);
    if (this.images.has(name))
      throw new FieldError(`${this.who}: '${name}' is an image. Use addImage or addMask to replace it.`);
    this.fields.set(name, value);
  }

  /** @throws FieldError */
  getImage(name: string): AnyImage {
    const image = this.images.get(name);
    if (image === undefined) {
      throw new FieldError(
        `${this.who}: there is no image '${name}'. There are: ${[...this.images.keys()].join(", ")}.`,
      );
    }
    return image;
  }
  /** The names of all that it holds: images, masks and fields. */
  getKeys(selection: KeySelection = {}): string[] {
    return chosen("getKeys", [...this.images.keys(), ...this.fieldNames()], selection);
  }
  /** The images by name; without masks, unless `intensityOnly` is false. */
  getImagesDict({
    intensityOnly = true,
    ...selection
  }: KeySelection & { readonly intensityOnly?: boolean } = {}): Record<string, AnyImage> {
    const images = [...this.images].filter(([, { kind }]) => kind === "scalar" || !intensityOnly);
    return choose("getImagesDict", new Map(images), selection);
  }
  /** The masks by name. */
  getMasksDict(selection: KeySelection = {}): Record<string, LabelMap> {
    const masks = [...this.images].flatMap(([name, image]): [string, LabelMap][] =>
      image.kind === "label" ? [[name, image]] : [],
    );
    return choose("getMasksDict", new Map(masks), selection);
  }
  /** All that is no image and no mask, by name; who and when, too. */
  getNonImagesDict(selection: KeySelection = {}): Record<string, unknown> {
    const values = [...this.fieldNames()].map((name) => [name, this.getField(name)] as const);
    return choose("getNonImagesDict", new Map(values), selection);
  }
  /** The tensor of an image as networks take it: (C, D, H, W); (C, H, W) for a squeezed slice, in an object of its own. */
  getImageTensor(name: string): Tensor {
    return this.getImage(name).tensor.alias();
  }
  /** Adds or replaces an image: a tensor in the place of the main image, an image, or the path of a NIfTI file. */
  addImage(name: string, image: Tensor | AnyImage | string): void {
    put(
      this,
      name,
      typeof image === "string"
        ? ScalarImage.read(image)
        : image instanceof Tensor
          ? new ScalarImage(image, this.image.affine)
          : image,
    );
  }
  /**
   * Adds or replaces a mask or segmentation: a tensor in the place of the main image, a mask, or the path of a NIfTI file.
   * @throws ImageError when the mask in a file does not lie on the main image.
   */
  addMask(name: string, mask: Tensor | AnyImage | string): void {
    put(
      this,
      name,
      typeof mask === "string"
        ? alignMask({ image: LabelMap.read(mask), file: mask }, { image: this.image, file: "the image" }, { name })
        : mask instanceof Tensor
          ? new LabelMap(mask, this.image.affine)
          : mask,
    );
  }
  /** Adds or replaces an image or mask that a transform made. @throws FieldError when `name` is a field that is not an image. */
  setImage(name: string, { kind, tensor, affine }: Readonly<ImageLike>): void {
    put(this, name, kind === "scalar" ? new ScalarImage(tensor, affine) : new LabelMap(tensor, affine));
  }
  removeImage(name: string): void {
    if (name === "image") throw new FieldError(`${this.who}: the main image cannot be removed.`);
    this.getImage(name).dispose();
    this.images.delete(name);
  }

  /** [C, D, H, W] of the image. */
  get shape(): readonly number[] {
    return this.image.shape;
  }
  /** [D, H, W], the same for all images. @throws ImageError when it is not. */
  get spatialShape(): readonly [number, number, number] {
    return common(
      this,
      "spatial shape",
      (image) => image.spatialShape,
      (a, b) => a.join() === b.join(),
    );
  }
  /** Voxel sizes in millimetres, the same for all images. @throws ImageError */
  get spacing(): readonly [number, number, number] {
    return common(
      this,
      "spacing",
      (image) => image.spacing,
      (a, b) => a.every((size, axis) => Math.abs(size - (b[axis] ?? Number.NaN)) <= RELATIVE_TOLERANCE * size),
    );
  }
  /** The same for all images, to a thousandth of each number or of a voxel. @throws ImageError */
  get affine(): Float64Array {
    return common(this, "affine", (image) => image.affine, sameAffine);
  }

  /** "(sub-001, ses-M000)", for messages. */
  get who(): string {
    return `(${this.participantId}, ${this.sessionId})`;
  }

  /**
   * Writes a picture of an image, planes through its middle beside each other, with masks over it: a PNG file.
   *
   * @param options `image`: which ("image"); `masks`: those to lay over it, each label in a colour (none); `planes`: "sagittal", "coronal",
   * "axial" (all); `range`: the intensities that are black and white (the 1st and the 99th percentile).
   * @throws FieldError for a name that is none.
   * @example
   * ```ts
   * using sample = await sampleWith({});
   * sample.plot("sub-001.png", { masks: ["tissues"], planes: ["axial"] });
   * ```
   */
  plot(path: string, { image = "image", masks = [], ...options }: PlotOptions = {}): void {
    const { planes, range, ...others } = options;
    refuseUnknown("plot", others);
    const over = masks.map((name) => this.getImage(name));
    writeFileAtomic(path, pngOf(pictureOf(this.getImage(image), over, options)));
  }

  copy(): this {
    const copy = Object.assign(Object.create(Object.getPrototypeOf(this) as object) as this, this);
    const images = new Map<string, AnyImage>();
    for (const [name, image] of this.images) {
      images.set(
        name,
        image.kind === "scalar"
          ? new ScalarImage(image.tensor, image.affine)
          : new LabelMap(image.tensor, image.affine),
      );
    }
    return Object.assign(copy, { images, fields: new Map(this.fields) });
  }

  /** A copy with tensors of its own, which share their memory with those of this one until they are replaced. */
  alias(): this {
    const copy = this.copy();
    for (const image of copy.images.values()) image.tensor = image.tensor.alias();
    for (const [name, value] of copy.fields) if (value instanceof Tensor) copy.fields.set(name, value.alias());
    return copy;
  }

  /** Every tensor that it holds. */
  *tensors(): Iterable<Tensor> {
    for (const image of this.images.values()) yield image.tensor;
    for (const value of this.fields.values()) if (value instanceof Tensor) yield value;
  }

  /** Takes every tensor that it holds out of all scopes. @internal */
  keep(): this {
    for (const image of this.images.values()) image.keep();
    for (const value of this.fields.values()) if (value instanceof Tensor) value.keep();
    return this;
  }

  dispose(): void {
    for (const image of this.images.values()) image.dispose();
    for (const value of this.fields.values()) if (value instanceof Tensor) value.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function choose<T>(what: string, values: ReadonlyMap<string, T>, selection: KeySelection): Record<string, T> {
  const names = new Set(chosen(what, values.keys(), selection));
  return Object.fromEntries([...values].filter(([name]) => names.has(name)));
}

function chosen(what: string, names: Iterable<string>, selection: KeySelection): string[] {
  const { include = null, exclude = [], ...others } = selection;
  refuseUnknown(what, others);
  return [...names].filter((name) => (include === null || include.includes(name)) && !exclude.includes(name));
}

function put(point: DataPoint, name: string, image: AnyImage): void {
  if (point.hasField(name)) throw new FieldError(`${point.who}: '${name}' is already a field that is not an image.`);
  point.images.set(name, image);
}

function common<T extends ArrayLike<number>>(
  point: DataPoint,
  what: string,
  of: (image: AnyImage) => T,
  same: (a: T, b: T) => boolean,
): T {
  const reference = of(point.image);
  for (const [name, image] of point.images) {
    const other = of(image);
    if (same(reference, other)) continue;
    const [a, b] = [reference, other].map((values) => Array.from(values).join(", "));
    throw new ImageError(`${point.who}: 'image' has the ${what} [${a}], '${name}' has [${b}].`);
  }
  return reference;
}
