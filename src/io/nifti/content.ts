import { ImageError } from "../../utils/exceptions.ts";
import { contentProblem } from "../files/content.ts";
import { RegularFile } from "../files/regular.ts";
import { DATA_TYPES, type VoxelArray } from "./datatypes.ts";
import { gunzip, gunzipStart, isGzip } from "./gunzip.ts";
import { HEADER_BYTES, type NiftiHeader, readHeader } from "./header.ts";
import type { Slab } from "./reorder.ts";

/** Enough packed bytes for a header. */
const START_BYTES = 16 * 1024;
/** How much of a plain file is in memory at a time, and at most where planes are large. */
const SLAB_BYTES = 4 * 2 ** 20;
const LARGEST_SLAB_BYTES = 256 * 2 ** 20;
/** Planes that are reordered together: fewer would cost a cache miss for every voxel. */
const SLAB_PLANES = 32;

/**
 * An image file that is open: its header, and its voxels in slabs. Only what the header asks for is read and unpacked: of a
 * plain file a slab is in memory at a time, of a packed one the file and its voxels.
 */
export class NiftiContent implements Disposable {
  readonly header: NiftiHeader;
  readonly path: string;
  readonly #file: RegularFile;
  readonly #packed: boolean;
  #unpacked: Uint8Array | null = null;

  /** @throws ImageError naming the file: missing, not fetched, no regular file, not NIfTI, truncated. */
  constructor(path: string) {
    this.path = path;
    this.#file = open(path);
    try {
      const start = Buffer.alloc(Math.min(START_BYTES, this.#file.size));
      const bytes = start.subarray(0, this.#file.read(start, 0));
      this.#packed = isGzip(bytes);
      this.header = readHeader(this.#packed ? gunzipStart(bytes, HEADER_BYTES, path) : bytes, path);
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw explained(path, error);
    }
  }

  /**
   * The number of voxels, once it is known that the file has them all: ask before asking for memory.
   * @throws ImageError when it is truncated or damaged.
   */
  requireWhole(): number {
    const { offset, byteLength, dtype } = this.header;
    const available = Math.max(0, this.#file.size - offset);
    if (this.#packed) this.#unpack();
    else if (available < byteLength) throw this.#truncated(available);
    return byteLength / DATA_TYPES[dtype].bytes;
  }

  /**
   * Gives all voxels to `use`, slab by slab, as they are stored; the memory of a slab is used again for the next.
   * @param slabBytes how much of a plain file is read at a time, about.
   */
  forEachSlab(use: (voxels: VoxelArray, slab: Slab) => void, slabBytes = SLAB_BYTES): void {
    const { shape, channels, dtype, littleEndian, offset } = this.header;
    const { bytes: size, view } = DATA_TYPES[dtype];
    const planeBytes = shape[0] * shape[1] * size;
    const step = planesPerSlab(planeBytes, slabBytes);
    const swap = size > 1 && !littleEndian;
    const scratch = new Uint8Array(this.#packed && !swap ? 0 : Math.min(step, shape[2]) * planeBytes);
    this.requireWhole();
    for (let channel = 0; channel < channels; channel++) {
      for (let firstPlane = 0; firstPlane < shape[2]; firstPlane += step) {
        const planes = Math.min(step, shape[2] - firstPlane);
        const begin = offset + (channel * shape[2] + firstPlane) * planeBytes;
        let bytes = this.#bytes(begin, planes * planeBytes, scratch);
        if (bytes.byteOffset % size !== 0 || (swap && this.#packed)) bytes = copied(bytes, scratch);
        if (swap) swapBytes(bytes, size);
        const voxels = view(bytes.buffer, bytes.byteOffset, bytes.length / size);
        use(voxels, { shape, firstPlane, planes, at: channel * shape[0] * shape[1] * shape[2] });
      }
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #bytes(begin: number, length: number, scratch: Uint8Array): Uint8Array {
    if (this.#packed) return this.#unpack().subarray(begin, begin + length);
    const target = scratch.subarray(0, length);
    const got = this.#file.read(target, begin);
    if (got < length) throw this.#truncated(begin - this.header.offset + got);
    return target;
  }

  #unpack(): Uint8Array {
    if (this.#unpacked === null) {
      const { offset, byteLength } = this.header;
      // zlib counts in 32 bits
      if (this.#file.size >= 2 ** 32) {
        throw new ImageError(`${this.path} is packed and has ${this.#file.size} bytes. Unpack it, with gunzip.`);
      }
      const packed = new Uint8Array(this.#file.size);
      this.#unpacked = gunzip(packed.subarray(0, this.#file.read(packed, 0)), offset + byteLength, this.path);
    }
    return this.#unpacked;
  }

  #truncated(got: number): ImageError {
    const { shape, channels, dtype, byteLength } = this.header;
    return new ImageError(
      `${this.path} is truncated: ${shape.join("×")}${channels > 1 ? `×${channels}` : ""} voxels of ${dtype} need ${byteLength} bytes, got ${got}. Copy or download it again.`,
    );
  }
}

function open(path: string): RegularFile {
  try {
    return new RegularFile(path);
  } catch (error) {
    const why = contentProblem(path) ?? (error instanceof Error ? error.message : String(error));
    throw new ImageError(`Cannot read the image ${path}: ${why}.`, { cause: error });
  }
}

/** What is not NIfTI may be a pointer to it, or empty. */
function explained(path: string, error: unknown): unknown {
  const why = contentProblem(path);
  return why === null ? error : new ImageError(`Cannot read the image ${path}: ${why}.`, { cause: error });
}

function planesPerSlab(planeBytes: number, slabBytes: number): number {
  const blocks = Math.max(1, Math.floor(slabBytes / planeBytes / SLAB_PLANES)) * SLAB_PLANES;
  return Math.max(1, Math.min(blocks, Math.floor(LARGEST_SLAB_BYTES / planeBytes)));
}

function copied(bytes: Uint8Array, scratch: Uint8Array): Uint8Array {
  const target = scratch.length >= bytes.length ? scratch.subarray(0, bytes.length) : new Uint8Array(bytes.length);
  target.set(bytes);
  return target;
}

function swapBytes(bytes: Uint8Array, size: 1 | 2 | 4 | 8): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (size) {
    case 1:
      return;
    case 2:
      buffer.swap16();
      return;
    case 4:
      buffer.swap32();
      return;
    case 8:
      buffer.swap64();
      return;
  }
}
