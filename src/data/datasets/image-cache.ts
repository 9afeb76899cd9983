import { resolve } from "node:path";
import { availableMemory } from "node:process";
import { z } from "zod";
import * as torch from "../../torch/index.ts";
import { SharedCache } from "../../torch/index.ts";
import type { ImageOutline, Region, TransformsHandler } from "../../transforms/index.ts";
import type { DataPoint } from "../structures/index.ts";
import {
  aliasesOf,
  axesIn,
  type CachedImages,
  type Entry,
  imagesIn,
  memoryOf,
  type NamedImages,
  pack,
  regionIn,
  tensorsAliased,
  tensorsOf,
  typesIn,
  unpack,
} from "./cached-images.ts";
import { DiskCache } from "./disk/disk-cache.ts";
import { defaultCacheFolder } from "./disk/folder.ts";

const NOTHING: ReadonlySet<bigint> = new Set();

const folder = z.strictObject({
  /** Where the images are kept. */
  disk: z
    .string()
    .min(1)
    .transform((path) => resolve(path)),
  /** How many bytes all images in the folder may take. Default: half of what is free there. */
  maxBytes: z.int().min(1).optional(),
});
const WORDS = ["auto", "memory", "off", "disk"] as const;
export const cacheOption = z.union([z.enum(WORDS), folder], {
  error: `Expected ${WORDS.map((word) => `"${word}"`).join("|")}, or { disk: "/a/folder", maxBytes: 1e11 }`,
});
/**
 * - "auto": all images stay in memory, if all together fit into a quarter of what is free when the first is read.
 * - "memory": all images stay in memory.
 * - "disk": all images stay on disk, packed, in a folder of the user's cache, also for other processes; those that were not used
 *   for longest are deleted where they would take more than half of what is free. `{ disk: "/fast/cache", maxBytes: 2e11 }`: in
 *   this folder, and so many bytes of all images there.
 * - "off": none stays, but the one that patches or slices are being cut from.
 */
export type CacheOption = z.output<typeof cacheOption>;

/** What travels to a worker thread: the cache there is the same one. */
export const portableCache = z.strictObject({ option: cacheOption, id: z.number(), limit: z.number() });
export type PortableCache = z.output<typeof portableCache>;

/** A row of a dataset, as the cache knows it. */
export interface CachedRow {
  /** Within the dataset. */
  readonly key: string;
  /** Its image file. */
  readonly source: string;
  /** By which all processes know it. */
  readonly diskKey: () => string;
}

function raise(number: number): never {
  throw new Error(`An entry of the image cache has no tensor ${number}.`);
}

/** Measured once, so that every dataset of the process keeps to the same limit. */
let quarterOfFree: number | undefined;

/**
 * Images that were read and transformed once, for all threads of the process, or on disk for all processes.
 *
 * They are kept as they are after those image transforms that draw nothing, up to the first one that does, in the smallest type that
 * holds their values exactly. Subsets share the cache of the dataset that they come from.
 */
export class ImageCache {
  readonly option: CacheOption;
  readonly #shared: SharedCache;
  readonly #limit: number;
  readonly #disk: DiskCache | null;
  /** The last image, where it is not in the shared cache and gives several samples. */
  #last: { readonly key: string; readonly entry: Entry } | null = null;

  /** @param portable of a cache that another thread opened. */
  constructor(option: CacheOption, portable?: PortableCache) {
    this.option = option;
    this.#shared = portable === undefined ? new SharedCache() : SharedCache.of(portable.id);
    quarterOfFree ??= Math.floor(availableMemory() / 4);
    this.#limit = portable?.limit ?? (option === "memory" ? Number.MAX_SAFE_INTEGER : quarterOfFree);
    if (typeof option === "object") this.#disk = new DiskCache(option.disk, option.maxBytes ?? null);
    else this.#disk = option === "disk" ? new DiskCache(defaultCacheFolder(), null) : null;
  }

  toWorker(): PortableCache {
    return { option: this.option, id: this.#shared.id, limit: this.#limit };
  }

  /** Whether images outlast the process: then only what JSON says all of may be in them. */
  get isOnDisk(): boolean {
    return this.#disk !== null;
  }

  /** Voxels along the axes of the images of a row, where that is known without reading them. */
  shapeOf(row: CachedRow): ImageOutline["spatialShape"] | null {
    return this.#disk?.shapeOf(row.diskKey()) ?? null;
  }

  /**
   * @param wanted what is needed of images of this size, which it may look at; null: all. More than that may come.
   * @param lend whether images in memory are copied only when their tensors are asked for.
   */
  get(
    row: CachedRow,
    wanted: (shape: ImageOutline["spatialShape"], images: NamedImages) => Region | null,
    lend: boolean,
  ): CachedImages | null {
    if (this.#isInMemory) {
      const found = this.#shared.get(row.key);
      if (found !== null) {
        const { description, tensors } = found;
        const shape = lend ? null : axesIn(description, tensors);
        const shown = imagesIn(description, (number) => tensors[number] ?? raise(number));
        const region = shape === null ? null : wanted(shape, shown);
        // what is kept in a smaller type is converted: only what is needed
        if (region !== null) return unpack(description, regionIn(description, tensors, region), { whole: shape });
        return unpack(description, tensors, { lend });
      }
    }
    if (this.#last?.key === row.key) {
      const { images, fields, history } = this.#last.entry;
      const aliases = { images: aliasesOf(images), fields: tensorsAliased(fields) };
      return { ...aliases, history, borrowed: memoryOf(aliases), whole: null };
    }
    const stored =
      this.#disk?.get(
        row.diskKey(),
        (shape, { description, tensor }) => wanted(shape, imagesIn(description, tensor)),
        typesIn,
      ) ?? null;
    if (stored === null) return null;
    // read for this caller alone
    return { ...unpack(stored.description, stored.tensors, { whole: stored.whole }), borrowed: NOTHING };
  }

  get #isInMemory(): boolean {
    return this.option === "auto" || this.option === "memory";
  }

  /**
   * Keeps the images of `point`, which goes on with them: transforms replace tensors, and never write into them.
   * @param columns the fields that do not come from transforms.
   * @param rows how many images the dataset has, from which follows whether all of them fit.
   * @returns the memory of `point` that is now the cache's too.
   */
  put(
    row: CachedRow,
    point: DataPoint,
    transforms: TransformsHandler,
    columns: readonly string[],
    rows: number,
  ): ReadonlySet<bigint> {
    const known = new Set(columns);
    const fields = new Map([...point.fields].filter(([name]) => !known.has(name)));
    const entry: Entry = { images: point.images, fields, history: point.history };
    if (this.#isInMemory && this.#putShared(row.key, entry, rows)) return NOTHING;
    this.#putOnDisk(row, entry);
    if (transforms.extraction.sampleType === "image") return NOTHING;
    const last = { images: aliasesOf(point.images), fields: tensorsAliased(fields), history: point.history };
    for (const tensor of tensorsOf(last)) tensor.keep();
    this.#forgetLast();
    this.#last = { key: row.key, entry: last };
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

  #putOnDisk(row: CachedRow, entry: Entry): void {
    if (this.#disk === null) return;
    using _scope = torch.scope();
    const packed = pack(entry);
    if (packed !== null) this.#disk.put(row.diskKey(), { ...packed, source: row.source, images: entry.images.size });
  }

  /** Gives the memory back, for all threads. What is on disk stays. */
  clear(): void {
    this.#forgetLast();
    this.#shared.clear();
  }

  #forgetLast(): void {
    if (this.#last !== null) for (const tensor of tensorsOf(this.#last.entry)) tensor.dispose();
    this.#last = null;
  }
}
