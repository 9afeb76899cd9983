import { z } from "zod";
import type * as torch from "../../torch/index.ts";
import { Tensor } from "../../torch/index.ts";
import type { ImageLike, ImageOutline, Region, TransformRecord } from "../../transforms/index.ts";
import { type AnyImage, aliasOf, LabelMap, ScalarImage } from "../structures/index.ts";
import { narrowest } from "./narrow.ts";

/** Images as they are after the image transforms that draw nothing, and what these transforms added. */
export interface CachedImages {
  /** Their tensors belong to the caller. */
  readonly images: ReadonlyMap<string, AnyImage>;
  /** Fields that image transforms added, or that were read with the images. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly history: readonly TransformRecord[];
  /** The memory that is the cache's, and must not be written into: `storageId` of tensors. */
  readonly borrowed: ReadonlySet<bigint>;
  /** Voxels of the whole images along their axes, where these hold only the region that was asked for; else null. */
  readonly whole: ImageOutline["spatialShape"] | null;
}

/** What is kept. */
export type Entry = Omit<CachedImages, "borrowed" | "whole">;

/** How an entry is described beside its tensors, which come in the order of images, then of fields that are tensors. */
const described = z.strictObject({
  images: z.array(
    z.strictObject({
      name: z.string(),
      kind: z.enum(["scalar", "label"]),
      dtype: z.custom<torch.DType>((value) => typeof value === "string"),
      affine: z.string(),
    }),
  ),
  fields: z.array(
    z.tuple([z.string(), z.strictObject({ value: z.unknown() }).or(z.strictObject({ tensor: z.literal(true) }))]),
  ),
  history: z.custom<readonly TransformRecord[]>((value) => Array.isArray(value)),
});

/** The tensors in their smallest type, images first, and all else as text; null where a transform added what does not survive as text. Call it in a scope. */
export function pack({ images, fields, history }: Entry): { description: string; tensors: Tensor[] } | null {
  const tensors = [...images.values()].map((image) => narrowest(image.tensor));
  const listed: z.input<typeof described>["fields"] = [];
  for (const [name, value] of fields) {
    if (value instanceof Tensor) {
      tensors.push(value);
      listed.push([name, { tensor: true }]);
    } else if (isPlain(value)) listed.push([name, { value }]);
    else return null;
  }
  const description: z.input<typeof described> = {
    images: [...images].map(([name, { kind, tensor, affine }]) => ({
      name,
      kind,
      dtype: tensor.dtype,
      // as bytes: text would lose the sign of zeros
      affine: Buffer.from(affine.buffer, affine.byteOffset, affine.byteLength).toString("base64"),
    })),
    fields: listed,
    history,
  };
  return { description: JSON.stringify(description), tensors };
}

type Described = z.output<typeof described>;

/** The last one that was read: it is asked for twice, and again and again where patches are cut. */
let last: { readonly text: string; readonly description: Described } | null = null;

function readDescription(text: string): Described {
  if (last?.text !== text) last = { text, description: described.parse(JSON.parse(text)) };
  return last.description;
}

/** The types of the images, in their order. */
export function typesIn(description: string): readonly torch.DType[] {
  return readDescription(description).images.map(({ dtype }) => dtype);
}

export type NamedImages = Iterable<readonly [name: string, image: ImageLike]>;

/** The images of a description; `read` gives the tensor of one of this number when it is looked at first. Call it in a scope. */
export function imagesIn(text: string, read: (number: number) => Tensor): NamedImages {
  return readDescription(text).images.map(({ name, kind, affine }, number) => {
    let tensor: Tensor | null = null;
    return [
      name,
      {
        kind,
        affine: affineOf(affine),
        get tensor(): Tensor {
          tensor ??= read(number);
          return tensor;
        },
      },
    ] as const;
  });
}

/** Voxels of the images of an entry along their axes; null where these differ. */
export function axesIn(text: string, tensors: readonly Tensor[]): CachedImages["whole"] {
  const images = tensors.slice(0, readDescription(text).images.length);
  const [[, d = 0, h = 0, w = 0] = []] = images.map((tensor) => tensor.shape);
  return images.every(({ shape }) => shape.length === 4 && shape.slice(1).join() === [d, h, w].join())
    ? [d, h, w]
    : null;
}

/** The tensors of an entry, of the images only a region, as views. Call it in a scope. */
export function regionIn(text: string, tensors: readonly Tensor[], { start, size }: Region): readonly Tensor[] {
  const count = readDescription(text).images.length;
  const cut = (tensor: Tensor): Tensor =>
    start.reduce((part, first, axis) => part.narrow(axis + 1, first, size[axis] ?? 0), tensor);
  return tensors.map((tensor, number) => (number < count ? cut(tensor) : tensor));
}

function affineOf(base64: string): Float64Array {
  const bytes = Buffer.from(base64, "base64");
  return Float64Array.from({ length: 16 }, (_, i) => bytes.readDoubleLE(i * 8));
}

/**
 * @param whole as in {@link CachedImages}.
 * @param lend whether the images are copied only when their tensors are asked for.
 */
export function unpack(
  description: string,
  tensors: readonly Tensor[],
  { whole = null, lend = false }: { readonly whole?: CachedImages["whole"]; readonly lend?: boolean } = {},
): CachedImages {
  const { images, fields, history } = readDescription(description);
  const taken = tensors.values();
  const next = (): Tensor => {
    const { value } = taken.next();
    if (value === undefined) throw new Error("An entry of the image cache has fewer tensors than it describes.");
    return value;
  };
  const restored = new Map<string, AnyImage>();
  const borrowed = new Set(tensors.map((tensor) => tensor.storageId()));
  for (const { name, kind, dtype, affine } of images) {
    const stored = next();
    const tensor = lend || stored.dtype === dtype ? stored : stored.to({ dtype });
    const numbers = affineOf(affine);
    const image = kind === "scalar" ? new ScalarImage(tensor, numbers) : new LabelMap(tensor, numbers);
    restored.set(name, lend ? image.lend(dtype) : image);
  }
  // an object of its own for each caller: transforms may change what they are given
  const values = fields.map(([name, field]): [string, unknown] => [
    name,
    "tensor" in field ? next() : structuredClone(field.value),
  ]);
  return { images: restored, fields: new Map(values), history, borrowed, whole };
}

export function aliasesOf(images: Entry["images"]): Entry["images"] {
  return new Map([...images].map(([name, image]) => [name, aliasOf(image)]));
}

export function tensorsAliased(fields: Entry["fields"]): Entry["fields"] {
  return new Map([...fields].map(([name, value]) => [name, value instanceof Tensor ? value.alias() : value]));
}

export function tensorsOf({ images, fields }: Pick<Entry, "images" | "fields">): Tensor[] {
  return [
    ...[...images.values()].map((image) => image.tensor),
    ...[...fields.values()].filter((value) => value instanceof Tensor),
  ];
}

export function memoryOf(entry: Pick<Entry, "images" | "fields">): ReadonlySet<bigint> {
  return new Set(tensorsOf(entry).map((tensor) => tensor.storageId()));
}

/** Whether a value is the same after JSON and back. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object") return false;
  if (Array.isArray(value)) return value.every(isPlain);
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype && Object.values(value).every(isPlain);
}
