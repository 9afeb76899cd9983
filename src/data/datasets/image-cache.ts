import { availableMemory } from "node:process";
import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { SharedCache, Tensor } from "../../torch/index.ts";
import type { TransformRecord, TransformsHandler } from "../../transforms/index.ts";
import { type AnyImage, aliasOf, type DataPoint, LabelMap, ScalarImage } from "../structures/index.ts";
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
}

type Entry = Omit<CachedImages, "borrowed">;

const NOTHING: ReadonlySet<bigint> = new Set();

export const cacheMode = z.enum(["auto", "memory", "off"]);
/**
 * - "auto": all images stay in memory, if all together fit into a quarter of what is free when the first is read.
 * - "memory": all images stay in memory.
 * - "off": none stays, but the one that patches or slices are being cut from.
 */
export type CacheMode = z.output<typeof cacheMode>;

/** What travels to a worker thread: the cache there is the same one. */
export const portableCache = z.strictObject({ mode: cacheMode, id: z.number(), limit: z.number() });
export type PortableCache = z.output<typeof portableCache>;

/** Measured once, so that every dataset of the process keeps to the same limit. */
let quarterOfFree: number | undefined;

/**
 * Images that were read and transformed once, for all threads of the process.
 *
 * They are kept as they are after those image transforms that draw nothing, up to the first one that does, in the smallest type that
 * holds their values exactly. Subsets share the cache of the dataset that they come from.
 */
export class ImageCache {
  readonly mode: CacheMode;
  readonly #shared: SharedCache;
  readonly #limit: number;
  /** The last image, where it is not in the shared cache and gives several samples. */
  #last: { readonly key: string; readonly entry: Entry } | null = null;

  /** @param portable of a cache that another thread opened. */
  constructor(mode: CacheMode, portable?: PortableCache) {
    this.mode = mode;
    this.#shared = portable === undefined ? new SharedCache() : SharedCache.of(portable.id);
    quarterOfFree ??= Math.floor(availableMemory() / 4);
    this.#limit = portable?.limit ?? (mode === "memory" ? Number.MAX_SAFE_INTEGER : quarterOfFree);
  }

  toWorker(): PortableCache {
    return { mode: this.mode, id: this.#shared.id, limit: this.#limit };
  }

  get(key: string): CachedImages | null {
    if (this.mode !== "off") {
      const found = this.#shared.get(key);
      if (found !== null) return unpack(found.description, found.tensors);
    }
    if (this.#last?.key !== key) return null;
    const { images, fields, history } = this.#last.entry;
    const aliases = { images: aliasesOf(images), fields: tensorsAliased(fields) };
    return { ...aliases, history, borrowed: memoryOf(aliases) };
  }

  /**
   * Keeps the images of `point`, which goes on with them: transforms replace tensors, and never write into them.
   * @param columns the fields that do not come from transforms.
   * @param rows how many images the dataset has, from which follows whether all of them fit.
   * @returns the memory of `point` that is now the cache's too.
   */
  put(
    key: string,
    point: DataPoint,
    transforms: TransformsHandler,
    columns: readonly string[],
    rows: number,
  ): ReadonlySet<bigint> {
    const known = new Set(columns);
    const fields = new Map([...point.fields].filter(([name]) => !known.has(name)));
    const entry: Entry = { images: point.images, fields, history: point.history };
    if (this.mode !== "off" && this.#putShared(key, entry, rows)) return NOTHING;
    if (transforms.extraction.sampleType === "image") return NOTHING;
    const last = { images: aliasesOf(point.images), fields: tensorsAliased(fields), history: point.history };
    for (const tensor of tensorsOf(last)) tensor.keep();
    this.#forgetLast();
    this.#last = { key, entry: last };
    return memoryOf(last);
  }

  #putShared(key: string, entry: Entry, rows: number): boolean {
    // a voxel takes a byte at least: what cannot fit is not made smaller, again and again, to find that out
    const voxels = tensorsOf(entry).reduce((sum, tensor) => sum + tensor.numel(), 0);
    if (voxels * rows > this.#limit) return false;
    using _scope = torch.scope();
    const packed = pack(entry);
    if (packed === null) return false;
    const { description, tensors } = packed;
    const bytes = tensors.reduce((sum, tensor) => sum + tensor.numel() * torch.itemSize(tensor.dtype), 0);
    // half a dataset in memory would save little, and take the room of what the system keeps of files
    if (bytes * rows > this.#limit) return false;
    return this.#shared.put(key, description, tensors, this.#limit);
  }

  /** Gives the memory back, for all threads. */
  clear(): void {
    this.#forgetLast();
    this.#shared.clear();
  }

  #forgetLast(): void {
    if (this.#last !== null) for (const tensor of tensorsOf(this.#last.entry)) tensor.dispose();
    this.#last = null;
  }
}

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

/** Null where a transform added what does not survive as text. */
function pack({ images, fields, history }: Entry): { description: string; tensors: Tensor[] } | null {
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

function unpack(description: string, tensors: readonly Tensor[]): CachedImages {
  const { images, fields, history } = described.parse(JSON.parse(description));
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
    const tensor = stored.dtype === dtype ? stored : stored.to({ dtype });
    const bytes = Buffer.from(affine, "base64");
    const numbers = Float64Array.from({ length: 16 }, (_, i) => bytes.readDoubleLE(i * 8));
    restored.set(name, kind === "scalar" ? new ScalarImage(tensor, numbers) : new LabelMap(tensor, numbers));
  }
  const values = fields.map(([name, field]): [string, unknown] => [name, "tensor" in field ? next() : field.value]);
  return { images: restored, fields: new Map(values), history, borrowed };
}

function aliasesOf(images: Entry["images"]): Entry["images"] {
  return new Map([...images].map(([name, image]) => [name, aliasOf(image)]));
}

function tensorsAliased(fields: Entry["fields"]): Entry["fields"] {
  return new Map([...fields].map(([name, value]) => [name, value instanceof Tensor ? value.alias() : value]));
}

function tensorsOf({ images, fields }: Pick<Entry, "images" | "fields">): Tensor[] {
  return [
    ...[...images.values()].map((image) => image.tensor),
    ...[...fields.values()].filter((value) => value instanceof Tensor),
  ];
}

function memoryOf(entry: Pick<Entry, "images" | "fields">): ReadonlySet<bigint> {
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
