import { closeSync, fstatSync, futimesSync, openSync, readSync } from "node:fs";
import { crc32 } from "node:zlib";
import type { DType, Tensor } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import type { Region } from "../../../transforms/index.ts";
import { isNotThere } from "../../../utils/file-errors.ts";
import {
  CHUNK_BYTES,
  DamagedEntryError,
  type EntryHeader,
  entryHeader,
  MAGIC,
  PREFIX_BYTES,
  type StoredTensor,
} from "./entry.ts";
import { usedAt } from "./folder.ts";
import { type Axes, type Chunk, chunksOf, countChunks, overlapOf, volumeShape, wholeOf } from "./grid.ts";

/** Read at first: prefix, header and lengths of most entries. */
const FIRST_BYTES = 64 * 1024;
/** So much is read at once, where chunks lie one after the other. */
const RUN_BYTES = 4 * 1024 * 1024;

/** That an entry was used is noted so often, in milliseconds. */
const NOTED_EVERY = 60_000;

/** Of this thread, used again. */
let scratch = Buffer.allocUnsafe(FIRST_BYTES);

/** The last header that was read: again and again the same where patches are cut out of one image. */
let last: { readonly text: string; readonly header: EntryHeader } | null = null;

function readHeader(text: string): EntryHeader {
  if (last?.text !== text) last = { text, header: entryHeader.parse(JSON.parse(text)) };
  return last.header;
}

/**
 * An entry file that is open: deleted or replaced meanwhile, it stays what it was. It is read and not mapped into memory, since a
 * mapped file that someone makes shorter ends the process.
 */
export class EntryReader implements Disposable {
  readonly header: EntryHeader;
  readonly #file: number;
  readonly #path: string;
  readonly #usedMs: number;
  /** Where each chunk begins, and the end of the last. */
  readonly #starts: Float64Array;
  readonly #checksums: Uint32Array;

  private constructor(path: string, file: number) {
    this.#path = path;
    this.#file = file;
    const stats = fstatSync(file);
    const { size } = stats;
    this.#usedMs = usedAt(stats);
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
    this.header = readHeader(head.toString("utf8", PREFIX_BYTES, PREFIX_BYTES + jsonBytes));
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
      if (isNotThere(error)) return null;
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

  /**
   * Notes that it was used now: what was not for long is deleted first.
   * @param opened when the cache was opened: what was used since then is never deleted by it.
   */
  touch(opened: number): void {
    if (this.#usedMs >= Math.max(opened, Date.now() - NOTED_EVERY)) return;
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
   * @param types in which the first of them are wanted. Some come as they are stored, where the other way is not faster.
   * @throws DamagedEntryError
   */
  tensors(region: Region | null, types: readonly DType[] = []): Tensor[] {
    let first = 0;
    return this.header.tensors.map((stored, i) => {
      const tensor = this.#tensor(stored, first, i < this.header.volumes ? region : null, types[i]);
      first += chunksIn(stored);
      return tensor;
    });
  }

  /**
   * All of the tensor of this number, as it is stored, in the open scope.
   * @throws DamagedEntryError
   */
  tensor(number: number): Tensor {
    const stored = this.header.tensors[number];
    if (stored === undefined) this.#refuse(`it has no tensor ${number}`);
    const before = this.header.tensors.slice(0, number);
    return this.#tensor(
      stored,
      before.reduce((sum, other) => sum + chunksIn(other), 0),
      null,
    );
  }

  /** @param first the number of its first chunk. */
  #tensor(stored: StoredTensor, first: number, region: Region | null, type: DType = stored.dtype): Tensor {
    const shape = volumeShape(stored.shape);
    const wanted = region ?? wholeOf(shape);
    const dtype = torch.decoding.chunksConvert(stored.dtype, type) ? type : stored.dtype;
    const target = torch.empty([shape[0], ...wanted.size], { dtype });
    if (chunksIn(stored) > 0) this.#fill(target, stored, wanted, first);
    return region === null ? target.view(stored.shape) : target;
  }

  #fill(target: Tensor, { dtype, shape, edges, planes }: StoredTensor, region: Region, first: number): void {
    let run: Chunk[] = [];
    const place = (): void => {
      const [begin, end] = [run[0], run.at(-1)];
      if (begin === undefined || end === undefined) return;
      const at = this.#start(first + begin.ordinal);
      const bad = torch.decoding.chunksInto({
        source: this.#read(at, this.#start(first + end.ordinal + 1) - at),
        chunks: run.map((chunk) => this.#chunkAt(chunk, first + chunk.ordinal, at, region)),
        packer: this.header.packer,
        planes,
        stored: dtype,
        target,
        targetShape: region.size,
      });
      if (bad === null) return;
      const name = `chunk ${first + (run[bad.chunk] ?? begin).ordinal}`;
      this.#refuse(bad.by === "checksum" ? `${name} has another checksum` : `${name} holds something else`);
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

  /** @param number of the chunk in the file. @param origin where what was read begins in the file. */
  #chunkAt(chunk: Chunk, number: number, origin: number, region: Region): torch.decoding.ChunkOptions {
    const start = this.#start(number);
    const { from, count, to } = overlapOf(chunk, region);
    const [d, h, w] = region.size;
    return {
      start: start - origin,
      length: this.#start(number + 1) - start,
      checksum: this.#checksums[number] ?? 0,
      shape: chunk.size,
      from,
      count,
      at: ((chunk.channel * d + to[0]) * h + to[1]) * w + to[2],
    };
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

function chunksIn({ shape, edges }: StoredTensor): number {
  const volume = volumeShape(shape);
  return volume.includes(0) ? 0 : countChunks(volume, edges);
}
