import * as torch from "../../torch/index.ts";
import { type DType, Tensor } from "../../torch/index.ts";
import { checkDevice } from "../../torch/words.ts";
import { show } from "../../utils/config.ts";
import { ConfigError, DataFrameError, ImageError } from "../../utils/exceptions.ts";
import { refuseUnknown } from "../../utils/options.ts";
import { type DataPoint, ScalarImage } from "../structures/index.ts";
import { numbersToTensor } from "./numbers.ts";

export interface FieldOptions {
  /** Default: that of the values. */
  readonly dtype?: DType;
  /** Whether a field of single numbers comes as (N, 1) instead of (N). Default false. */
  readonly ensureChannelDim?: boolean;
  /** Null: the tensor stays where it is held, so that values on the CPU can be looked at before they go to a GPU. Default: that of `to`. */
  readonly device?: null;
}

/** Where, and how laid out, a batch gives its tensors. */
export interface BatchPlace {
  readonly device?: string;
  /** Whether copies from page-locked memory are not waited for. Default false. */
  readonly nonBlocking?: boolean;
  /** Default: as before, which is false at first. */
  readonly channelsLast?: boolean;
}

/** By the number of dimensions. */
const CHANNELS_LAST: Readonly<Record<number, "channels_last" | "channels_last_3d">> = {
  4: "channels_last",
  5: "channels_last_3d",
};

interface Stack {
  /** (N, …); owned by the batch. */
  readonly tensor: Tensor;
  /** The samples' own tensors when it was made: views of it. Once one was replaced, the stack is out of date. */
  readonly rows: readonly Tensor[];
}

/**
 * Samples that go through the network together. Owns them: `dispose()` gives back all their tensors.
 *
 * Fields that are tensors are held stacked, and the samples' own tensors are views of the stack.
 * @example
 * ```ts
 * using batch = new Batch([await dataset.get(0), await dataset.get(1)]);
 * using images = batch.getField("image");
 * using labels = batch.getField("label", { dtype: "float32", ensureChannelDim: true });
 * console.log(images.shape, labels.shape); // → [ 2, 1, 17, 20, 16 ] [ 2, 1 ]
 * console.log(batch.getValues("participant_id")); // → [ 'sub-001', 'sub-002' ]
 * ```
 */
export class Batch<T extends DataPoint = DataPoint> implements Disposable, Iterable<T> {
  readonly samples: readonly T[];
  readonly #stacks = new Map<string, Stack>();
  #device: string | null = null;
  #nonBlocking = false;
  #channelsLast = false;

  /** @throws ConfigError when there are no samples. */
  constructor(samples: Iterable<T>) {
    this.samples = [...samples];
    if (this.samples.length === 0) throw new ConfigError("Batch: a batch needs at least one sample, got none.");
  }

  get length(): number {
    return this.samples.length;
  }
  /** Sample number `index`. @throws RangeError */
  get(index: number): T {
    const sample = this.samples[index];
    if (sample === undefined)
      throw new RangeError(`The batch has ${this.length} samples; there is no number ${index}.`);
    return sample;
  }
  [Symbol.iterator](): Iterator<T> {
    return this.samples[Symbol.iterator]();
  }
  /**
   * The same samples in objects of their own, sharing their tensors: a transform of the copy does not change this batch.
   * Do not dispose it: its tensors belong to this batch, or to the open scope.
   */
  copy(): Batch<T> {
    const out = new Batch<T>(this.samples.map((sample) => sample.copy()));
    out.#device = this.#device;
    out.#nonBlocking = this.#nonBlocking;
    out.#channelsLast = this.#channelsLast;
    return out;
  }
  /** As {@link copy}, with tensors of its own that share their memory with those of this batch: to be disposed. */
  alias(): Batch<T> {
    const out = new Batch<T>(this.samples.map((sample) => sample.alias()));
    out.#device = this.#device;
    out.#nonBlocking = this.#nonBlocking;
    out.#channelsLast = this.#channelsLast;
    return out;
  }
  get participants(): { readonly participantId: string; readonly sessionId: string }[] {
    return this.samples.map(({ participantId, sessionId }) => ({ participantId, sessionId }));
  }
  /** Where `getField` puts tensors; null: they stay where they are. */
  get device(): string | null {
    return this.#device;
  }

  /** Whether `getField` gives images with channels last in memory. */
  get channelsLast(): boolean {
    return this.#channelsLast;
  }

  /**
   * From now on `getField` gives tensors on this device, and those of 4 or 5 dimensions in this layout. Nothing is moved yet. Returns itself.
   * @throws ConfigError for an option that is misspelt; TypeError for a device that is, or that this machine does not have.
   */
  to({ device, nonBlocking, channelsLast, ...unknown }: BatchPlace): this {
    refuseUnknown("Batch.to", unknown);
    if (device !== undefined) {
      checkDevice("Batch.to", "device", device);
      this.#device = device;
      this.#nonBlocking = nonBlocking ?? false;
    }
    if (channelsLast !== undefined) this.#channelsLast = channelsLast;
    return this;
  }

  /**
   * A field of all samples as one tensor (N, …): images as (N, C, D, H, W), or (N, C, H, W) for squeezed slices. A column
   * of integers comes as int64, of floats as float64, of booleans as bool. Numbers that are no column's come as float32, or
   * as float64 where there is an integer or a magnitude that float32 does not hold.
   *
   * The tensor belongs to the caller (or the open scope), but may share its memory with the batch: do not write into it.
   *
   * @throws FieldError when a sample lacks the field.
   * @throws DataFrameError when a value is no number: names the participant, the field and the value; where a column is text
   * because of one cell, whose cell that is.
   * @throws ImageError when shapes differ: names participants and shapes.
   */
  getField(name: string, { dtype, ensureChannelDim = false, device: held }: FieldOptions = {}): Tensor {
    const device = held === null ? null : this.#device;
    const made: Tensor[] = [];
    const step = (tensor: Tensor): Tensor => {
      made.push(tensor);
      return tensor;
    };
    try {
      let tensor = step(this.#stackOf(name)?.alias() ?? this.#assemble(name));
      if (ensureChannelDim && tensor.ndim === 1) tensor = step(tensor.unsqueeze(1));
      if ((dtype !== undefined && dtype !== tensor.dtype) || (device !== null && device !== tensor.device)) {
        tensor = step(tensor.to({ dtype, device: device ?? undefined, nonBlocking: this.#nonBlocking }));
      }
      const memoryFormat = this.#channelsLast ? CHANNELS_LAST[tensor.ndim] : undefined;
      if (memoryFormat !== undefined) tensor = step(tensor.to({ memoryFormat }));
      made.pop();
      return tensor;
    } finally {
      for (const tensor of made) tensor.dispose();
    }
  }

  /** A field of all samples as it is, one value per sample; the tensors of images in objects of their own. */
  getValues(name: string): unknown[] {
    return this.samples.map((sample) => fieldOf(sample, name));
  }

  /** Gives each sample its row of a tensor (N, …), or its value of a list. Replaces a field of this name. */
  addField(name: string, values: Tensor | readonly unknown[]): void {
    if (this.get(0).images.has(name))
      throw new ConfigError(`Batch: '${name}' is an image. Use addImages or addMasks to replace it.`);
    this.#share(name, values, (sample, value) => sample.setField(name, value));
  }
  /** Gives each sample an image, its row of a tensor (N, C, D, H, W), in the place of its main image. */
  addImages(name: string, values: Tensor): void {
    this.#share(name, values, (sample, value) => sample.addImage(name, value as Tensor));
  }
  /** As {@link addImages}, for masks. */
  addMasks(name: string, values: Tensor): void {
    this.#share(name, values, (sample, value) => sample.addMask(name, value as Tensor));
  }

  /**
   * Stacks the images that have the same shape in all samples: done once, where the batch is made (in a worker thread, if
   * there are any).
   */
  stackImages(): this {
    for (const name of this.get(0).images.keys()) {
      if (this.#stacks.has(name) || !this.samples.every((sample) => sample.images.has(name))) continue;
      const stack = ScalarImage.stack(this.samples.map((sample) => sample.getImage(name)));
      if (stack !== null) this.adoptStack(name, stack);
    }
    return this;
  }

  /** The image stacks (N, C, D, H, W), by name. */
  imageStacks(): Map<string, Tensor> {
    return new Map(
      [...this.#stacks].filter(([name]) => this.get(0).images.has(name)).map(([name, { tensor }]) => [name, tensor]),
    );
  }

  /** Takes over a stack (N, C, D, H, W): the samples' images of this name become views of it. */
  adoptStack(name: string, stack: Tensor): void {
    stack.keep();
    const rows = this.samples.map((sample, i) => {
      const row = stack.select(0, i).keep();
      const image = sample.getImage(name);
      image.dispose();
      image.tensor = row;
      return row;
    });
    this.#stacks.set(name, { tensor: stack, rows });
  }

  /** Moves the image stacks to page-locked memory, from which copies to a GPU need not wait. Needs a GPU. */
  pinMemory(): this {
    for (const [name, { tensor }] of [...this.#stacks]) {
      if (tensor.isPinned()) continue;
      this.adoptStack(name, tensor.pinMemory());
      tensor.dispose();
    }
    return this;
  }

  dispose(): void {
    for (const stack of this.#stacks.values()) disposeStack(stack);
    for (const sample of this.samples) sample.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }

  #share(name: string, values: Tensor | readonly unknown[], give: (sample: T, value: unknown) => void): void {
    const count = values instanceof Tensor ? (values.shape[0] ?? 0) : values.length;
    if (count !== this.length) {
      throw new ConfigError(`Batch: '${name}' has ${count} values; the batch has ${this.length} samples.`);
    }
    this.#forget(name);
    if (!(values instanceof Tensor)) {
      this.samples.forEach((sample, i) => {
        give(sample, values[i]);
      });
      return;
    }
    const rows = this.samples.map((sample, i) => {
      const row = values.select(0, i).keep();
      give(sample, row);
      return row;
    });
    this.#stacks.set(name, { tensor: values.alias().keep(), rows });
  }

  /** Gives back what a field held. */
  #forget(name: string): void {
    const stack = this.#stacks.get(name);
    if (stack !== undefined) disposeStack(stack);
    this.#stacks.delete(name);
    for (const sample of this.samples) {
      sample.images.get(name)?.dispose();
      const value = sample.fields.get(name);
      if (value instanceof Tensor) value.dispose();
    }
  }

  /** The stack of a field, if the samples' tensors still are its views, in the shape that networks see. */
  #stackOf(name: string): Tensor | undefined {
    const stack = this.#stacks.get(name);
    if (stack === undefined) return undefined;
    const current = this.samples.every((sample, i) => {
      const held = sample.images.get(name)?.tensor ?? sample.fields.get(name);
      return held === stack.rows[i] && !("squeeze" in sample && sample.squeeze === true && sample.images.has(name));
    });
    return current ? stack.tensor : undefined;
  }

  /** Stacks the values of a field. */
  #assemble(name: string): Tensor {
    const values = this.samples.map((sample) => fieldOf(sample, name));
    const own: Tensor[] = values.filter(
      (value, i) => value instanceof Tensor && this.get(i).images.has(name),
    ) as Tensor[];
    try {
      if (values.every((value) => value instanceof Tensor)) return this.#stack(name, values);
      const type = this.get(0).dtypes.get(name);
      const text = typeof type === "object" ? type : null;
      return numbersToTensor(values, typeof type === "object" ? undefined : type, (i, value) => {
        const found =
          typeof value === "string" && text !== null
            ? `${text.textBecause} as '${name}', so that the column is text`
            : `${this.get(i).who}: '${name}' is ${show(value)}`;
        throw new DataFrameError(
          `${found}, and a number is needed. Correct it in the data, or give BidsDataset a function for this column: columns: { ${name}: (column) => … }.`,
        );
      });
    } finally {
      for (const tensor of own) tensor.dispose();
    }
  }

  #stack(name: string, tensors: readonly Tensor[]): Tensor {
    const shape = tensors[0]?.shape.join();
    if (tensors.some((tensor) => tensor.shape.join() !== shape)) {
      const shapes = tensors.map((tensor, i) => `${this.get(i).who}: (${tensor.shape.join(", ")})`);
      throw new ImageError(
        `The samples of this batch have different shapes for '${name}', and cannot be stacked: ${shapes.join("; ")}. Bring them to one shape (CropOrPad, Resize, Resample, or patches), or use a batch size of 1.`,
      );
    }
    return torch.stack(tensors, 0);
  }
}

/** Its views too: a sample that got another tensor since does not hold its own any more. */
function disposeStack({ tensor, rows }: Stack): void {
  tensor.dispose();
  for (const row of rows) row.dispose();
}

function fieldOf(sample: DataPoint, name: string): unknown {
  return sample.images.has(name) ? sample.getImageTensor(name) : sample.getField(name);
}
