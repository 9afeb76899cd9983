import type { TransformRecord, TransformsHandler } from "../../transforms/index.ts";
import { type AnyImage, aliasOf, type DataPoint } from "../structures/index.ts";

interface Entry {
  readonly images: ReadonlyMap<string, AnyImage>;
  /** Fields that image transforms added. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly history: readonly TransformRecord[];
}

/**
 * Images as they are after the image transforms, so that they are read and transformed once.
 *
 * With `all`, every image stays (the whole dataset must fit in memory); else only the last one, and only where an image gives
 * several samples (patches, slices). Nothing is kept where an image transform is random. Subsets share the cache of
 * the dataset that they come from.
 */
export class ImageCache {
  readonly all: boolean;
  readonly #entries = new Map<string, Entry>();

  constructor(all: boolean) {
    this.all = all;
  }

  wants(transforms: TransformsHandler): boolean {
    return (this.all || transforms.extraction.sampleType !== "image") && transforms.imageTransformsAreFixed;
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Keeps the images of `point`, which goes on with them: transforms replace tensors, and never write into them. */
  put(key: string, point: DataPoint, columns: readonly string[]): void {
    if (!this.all) this.clear();
    const images = new Map([...point.images].map(([name, image]) => [name, aliasOf(image)]));
    for (const image of images.values()) image.tensor.keep();
    const known = new Set(columns);
    const fields = new Map([...point.fields].filter(([name]) => !known.has(name)));
    this.#entries.set(key, { images, fields, history: point.history });
  }

  /** Gives the memory back. */
  clear(): void {
    for (const { images } of this.#entries.values()) for (const image of images.values()) image.dispose();
    this.#entries.clear();
  }
}
