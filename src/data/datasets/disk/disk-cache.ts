import { rmSync } from "node:fs";
import { writeFileAtomic } from "../../../io/files/index.ts";
import type { DType, Tensor } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import type { Region } from "../../../transforms/index.ts";
import { isOfSystem } from "../../../utils/file-errors.ts";
import { warn, warnOnce } from "../../../utils/warnings.ts";
import { DamagedEntryError } from "./entry.ts";
import { entryPath, halfOfFree, listEntries, removeAbandoned } from "./folder.ts";
import type { Axes } from "./grid.ts";
import { EntryReader } from "./read-entry.ts";
import { entryBytes } from "./write-entry.ts";

/** An entry that is open: its tensors, of which one can be looked at before it is known what is wanted. */
export type OpenEntry = Pick<EntryReader, "tensor"> & { readonly description: string };

/** What is under a key. */
export interface DiskEntry {
  readonly description: string;
  /** In the open scope, and the caller's. */
  readonly tensors: readonly Tensor[];
  /** Voxels of the whole images, where the tensors of images hold only the region that was asked for; else null. */
  readonly whole: Axes | null;
}

export interface DiskContent {
  readonly description: string;
  /** The image that it is made of, for who looks at the cache. */
  readonly source: string;
  readonly tensors: readonly Tensor[];
  /** How many of the tensors, from the first on, are images. */
  readonly images: number;
}

/**
 * Images in files of a folder, for all processes that name it. An entry that is damaged is deleted and made again; that entries cannot
 * be read, or a folder cannot be written or is full, is said once, and images are then read as without a cache.
 */
export class DiskCache {
  readonly folder: string;
  readonly maxBytes: number | null;
  readonly #opened = Date.now();
  /** The bytes of all entries when they were last counted, and of those that were written since; null before that. */
  #held: number | null = null;
  #writes = true;

  /** @param maxBytes that all entries of the folder may take. Default: half of what is free. */
  constructor(folder: string, maxBytes: number | null) {
    this.folder = folder;
    this.maxBytes = maxBytes;
  }

  /** Of the images of an entry, the voxels along their axes; null where there is no entry, or their sizes differ. */
  shapeOf(key: string): Axes | null {
    return this.#open(key, (reader) => reader.spatialShape);
  }

  /**
   * @param wanted the region that is needed of images of this size; null: all.
   * @param types in which the tensors of an entry of this description are wanted; some come as they are stored.
   */
  get(
    key: string,
    wanted: (shape: Axes, entry: OpenEntry) => Region | null,
    types: (description: string) => readonly DType[] = () => [],
  ): DiskEntry | null {
    return this.#open(key, (reader) => {
      const shape = reader.spatialShape;
      const { description } = reader.header;
      const entry: OpenEntry = { description, tensor: (number) => reader.tensor(number) };
      const region = shape === null ? null : wanted(shape, entry);
      const tensors = reader.tensors(region, types(description));
      reader.touch(this.#opened);
      return { description, tensors, whole: region === null ? null : shape };
    });
  }

  /** @returns whether it is there now. */
  put(key: string, { description, source, tensors, images }: DiskContent): boolean {
    const packer = packerHere();
    if (!this.#writes || packer === null) return false;
    const volumes = tensors.slice(0, images);
    const sizes = new Set(volumes.map((tensor) => (tensor.shape.length === 4 ? tensor.shape.slice(1).join() : null)));
    const areAlike = sizes.size === 1 && !sizes.has(null);
    try {
      const bytes = entryBytes({ description, source, volumes: areAlike ? images : 0, packer }, tensors);
      if (!this.#makeRoom(bytes.byteLength)) return false;
      writeFileAtomic(entryPath(this.folder, key), bytes);
      this.#held = (this.#held ?? 0) + bytes.byteLength;
      return true;
    } catch (error) {
      if (!isOfSystem(error)) throw error;
      this.#writes = false;
      warnOnce(
        `disk cache ${this.folder}`,
        `No images are kept in the cache ${this.folder} any more: ${error.message}. They are read from their files each time. Free some space, or give another folder: cache: { disk: "/another/folder" }.`,
      );
      return false;
    }
  }

  #open<T>(key: string, read: (reader: EntryReader) => T): T | null {
    if (packerHere() === null) return null;
    const path = entryPath(this.folder, key);
    try {
      using reader = EntryReader.open(path);
      return reader === null ? null : read(reader);
    } catch (error) {
      if (isOfSystem(error)) this.#cannotRead(path, error);
      else if (error instanceof DamagedEntryError) this.#delete(path, error);
      else throw error;
      return null;
    }
  }

  #delete(path: string, { message }: DamagedEntryError): void {
    try {
      rmSync(path, { force: true });
    } catch (error) {
      if (!isOfSystem(error)) throw error;
      this.#cannotRead(path, new Error(`${message} It cannot be deleted: ${error.message}`));
      return;
    }
    warn(`${message} It is deleted, and made again from the image.`);
  }

  /** The image itself is there: nobody's training ends since a copy of it cannot be read. */
  #cannotRead(path: string, { message }: Error): void {
    warnOnce(
      `unread disk cache ${this.folder}`,
      `An image of the cache ${this.folder} cannot be read: ${message} (${path}). Such images are read from their own files instead, which takes longer. Make what is in the folder readable, delete it (npx clinicadl cache --clear), or give another: cache: { disk: "/another/folder" }.`,
    );
  }

  /** Deletes entries that were not used for longest, and none that was since this cache was opened. @returns whether there is room. */
  #makeRoom(bytes: number): boolean {
    if (this.#held !== null && this.#held + bytes <= this.#limit(this.#held)) return true;
    removeAbandoned(this.folder);
    const entries = listEntries(this.folder).sort((a, b) => a.usedMs - b.usedMs);
    let held = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    const limit = this.#limit(held);
    for (const { path, bytes: freed, usedMs } of entries) {
      if (held + bytes <= limit || usedMs >= this.#opened) break;
      rmSync(path, { force: true });
      held -= freed;
    }
    this.#held = held;
    if (held + bytes <= limit) return true;
    this.#writes = false;
    warnOnce(
      `disk cache ${this.folder}`,
      `The cache ${this.folder} is full: ${held} bytes of ${limit} are images that are in use. The others are read from their files each time. Give it more with cache: { disk: "/a/folder", maxBytes: … }.`,
    );
    return false;
  }

  #limit(held: number): number {
    return this.maxBytes ?? halfOfFree(this.folder, held);
  }
}

/** With what entries are packed; null, which is said once, where there is nothing. */
function packerHere(): torch.decoding.ChunkPacker | null {
  const packer = torch.decoding.chunkPackers()[0];
  if (packer !== undefined) return packer;
  warnOnce(
    "disk cache without a packer",
    "No images are kept on disk: this Node does not show its zstd to others, and the system has neither LZ4 nor zstd. Install one of them (on Debian and Ubuntu liblz4-1), or take another Node.",
  );
  return null;
}
