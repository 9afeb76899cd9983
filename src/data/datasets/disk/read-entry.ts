import { closeSync, fstatSync, futimesSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { Tensor } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import type { Region } from "../../../transforms/index.ts";
import {
  CHUNK_BYTES,
  DamagedEntryError,
  type EntryHeader,
  entryHeader,
  MAGIC,
  PREFIX_BYTES,
  type StoredTensor,
} from "./entry.ts";
import { type Axes, type Chunk, chunksOf, countChunks, overlapOf, volumeShape, wholeOf } from "./grid.ts";

/** Read at first: prefix, header and lengths of most entries. */
const FIRST_BYTES = 64 * 1024;
/** So much is read at once, where chunks lie one after the other. */
const RUN_BYTES = 4 * 1024 * 1024;

/** Of this thread, used again. */
let scratch = Buffer.allocUnsafe(FIRST_BYTES);

/**
 * An entry file that is open: deleted or replaced meanwhile, it stays what it was. It is read and not mapped into memory, since a
 * mapped file that someone makes shorter ends the process.
 */
export class EntryReader implements Disposable {
  readonly header: EntryHeader;
  readonly #file: number;
  readonly #path: string;
  /** Where each chunk begins, and the end of the last. */
  readonly #starts: Float64Array;
  readonly #checksums: Uint32Array;

  private constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
    const { size } = fstatSync(file);
    const start = this.#read(0, Math.min(FIRST_BYTES, size));
    if (size < PREFIX_BYTES || start.toString("latin1", 0, MAGIC.length) !== MAGIC)
      this.#refuse("it does not begin as an entry");
    const [jsonBytes, chunks, checksum] = [start.readUInt32LE(8), start.readUInt32LE(12), start.readUInt32LE(16)];
    const headBytes = PREFIX_BYTES + jsonBytes + CHUNK_BYTES * chunks;
    if (headBytes > size) this.#refuse("it is too short");
    const head = headBytes <= start.byteLength ? start : this.#read(0, headBytes);
    if (crc32(head.subarray(PREFIX_BYTES, headBytes), crc32(head.subarray(0, 16))) !== checksum) {
      this.#refuse("its header has another checksum");
    }
    this.header = entryHeader.parse(JSON.parse(head.toString("utf8", PREFIX_BYTES, PREFIX_BYTES + jsonBytes)));
    this.#starts = new Float64Array(chunks + 1);
    this.#starts[0] = headBytes;
    this.#checksums = new Uint32Array(chunks);
    for (let i = 0, at = headBytes; i < chunks; i++) {
      const listed = PREFIX_BYTES + jsonBytes + CHUNK_BYTES * i;
      at += head.readUInt32LE(listed);
      this.#starts[i + 1] = at;
      this.#checksums[i] = head.readUInt32LE(listed + 4);
    }
    if (this.#start(chunks) !== size) this.#refuse(`it has ${size} bytes instead of ${this.#start(chunks)}`);
  }

  /** @returns null where there is no such file. @throws DamagedEntryError */
  static open(path: string): EntryReader | null {
    let file: number;
    try {
      file = openSync(path, "r");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
    try {
      return new EntryReader(path, file);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** Voxels of the volumes along their axes; null where these differ, or there is none. */
  get spatialShape(): Axes | null {
    const first = this.header.tensors[0];
    if (this.header.volumes === 0 || first === undefined) return null;
    const [, ...axes] = volumeShape(first.shape);
    return axes;
  }

  /** That it was used now: what was not for long is deleted first. */
  touch(): void {
    try {
      const now = new Date();
      futimesSync(this.#file, now, now);
    } catch (error) {
      // the cache of someone else, or one that cannot be written: then it is not this process that deletes from it
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EPERM" && code !== "EROFS" && code !== "EACCES") throw error;
    }
  }

  /**
   * The tensors, in the open scope.
   * @param region what is wanted of the volumes; null: all.
   * @throws DamagedEntryError
   */
  tensors(region: Region | null): Tensor[] {
    let first = 0;
    return this.header.tensors.map((stored, i) => {
      const shape = volumeShape(stored.shape);
      const wanted = region !== null && i < this.header.volumes ? region : wholeOf(shape);
      const empty = shape.includes(0);
      const target = torch.empty([shape[0], ...wanted.size], { dtype: stored.dtype });
      if (!empty) this.#fill(target, stored, wanted, first);
      first += empty ? 0 : countChunks(shape, stored.edges);
      return wanted === region ? target : target.view(stored.shape);
    });
  }

  #fill(target: Tensor, { shape, edges, planes }: StoredTensor, region: Region, first: number): void {
    let run: Chunk[] = [];
    const place = (): void => {
      const [begin, end] = [run[0], run.at(-1)];
      if (begin === undefined || end === undefined) return;
      const at = this.#start(first + begin.ordinal);
      const source = this.#read(at, this.#start(first + end.ordinal + 1) - at);
      for (const chunk of run) {
        const [start, stop] = [this.#start(first + chunk.ordinal), this.#start(first + chunk.ordinal + 1)];
        if (crc32(source.subarray(start - at, stop - at)) !== this.#checksums[first + chunk.ordinal]) {
          this.#refuse(`chunk ${first + chunk.ordinal} has another checksum`);
        }
        const { from, count, to } = overlapOf(chunk, region);
        const [d, h, w] = region.size;
        const intact = torch.decoding.chunkInto({
          source,
          start: start - at,
          length: stop - start,
          packer: this.header.packer,
          planes,
          shape: chunk.size,
          from,
          count,
          target,
          at: ((chunk.channel * d + to[0]) * h + to[1]) * w + to[2],
          targetShape: region.size,
        });
        if (!intact) this.#refuse(`chunk ${first + chunk.ordinal} holds something else`);
      }
    };
    for (const chunk of chunksOf(volumeShape(shape), edges, region)) {
      const [begin, end] = [run[0], run.at(-1)];
      const isNext = end !== undefined && chunk.ordinal === end.ordinal + 1;
      const bytes = this.#start(first + chunk.ordinal + 1) - this.#start(first + (begin ?? chunk).ordinal);
      if (begin !== undefined && (!isNext || bytes > RUN_BYTES)) {
        place();
        run = [];
      }
      run.push(chunk);
    }
    place();
  }

  #start(chunk: number): number {
    const start = this.#starts[chunk];
    if (start === undefined) this.#refuse(`it has no chunk ${chunk}`);
    return start;
  }

  /** What is read next takes the same memory. */
  #read(at: number, length: number): Buffer {
    if (scratch.byteLength < length) scratch = Buffer.allocUnsafe(length);
    const bytes = scratch.subarray(0, length);
    for (let done = 0; done < length; ) {
      const got = readSync(this.#file, bytes, done, length - done, at + done);
      if (got === 0) this.#refuse("it is too short");
      done += got;
    }
    return bytes;
  }

  #refuse(why: string): never {
    throw new DamagedEntryError(`${this.#path} is damaged: ${why}.`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
