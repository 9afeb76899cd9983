import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { contentProblem } from "../files/content.ts";
import { RegularFile } from "../files/regular.ts";
import { DATA_TYPES } from "./datatypes.ts";
import { gunzip, gunzipInto, gunzipStart, isGzip, requirePossible } from "./gunzip.ts";
import { HEADER_BYTES, type NiftiHeader, readHeader } from "./header.ts";
import { isMgh, readMghHeader } from "./mgh.ts";
import { imageFiles } from "./pair.ts";

/** Enough packed bytes for a header. */
const START_BYTES = 16 * 1024;
/** How much of a plain file is in memory at a time, and at most where planes are large. */
const SLAB_BYTES = 4 * 2 ** 20;
const LARGEST_SLAB_BYTES = 256 * 2 ** 20;
/** Planes that are reordered together: fewer would cost a cache miss for every voxel. */
const SLAB_PLANES = 32;
/** Room for what some programs write behind the voxels, so that it need not be unpacked twice. */
const ROOM_BEHIND = 4096;

/** The memory that a packed file was read into stays for the next one up to here: to get new memory takes longer than to read into it. */
const LARGEST_KEPT = 16 * 2 ** 20;
let room: Uint8Array = new Uint8Array(0);

/** A part of an image, in voxels. */
export interface Window {
  /** The first voxel along x, y, z. */
  readonly start: readonly [number, number, number];
  /** How many there are along x, y, z. */
  readonly size: readonly [number, number, number];
}

/** Some planes of one channel. */
export interface Slab {
  /** Where they are stored, one after another, x fastest, in the file's byte order. */
  readonly bytes: Uint8Array | torch.Tensor;
  /** Where the first voxel is in `bytes`. */
  readonly begin: number;
  /** Voxels from one row of `bytes` to the next, and from one plane to the next. */
  readonly row: number;
  readonly plane: number;
  readonly channel: number;
  /** The first plane, and how many there are. */
  readonly firstPlane: number;
  readonly planes: number;
}

/**
 * An image file that is open: its header, and its voxels in slabs. Only what the header asks for is read and unpacked: of a
 * plain file a slab is in memory at a time, of a packed one the file and its voxels.
 */
export class NiftiContent implements Disposable {
  readonly header: NiftiHeader;
  readonly path: string;
  /** What is read of the image: all of it, or a window. */
  readonly window: Window;
  readonly #voxelsPath: string;
  readonly #file: RegularFile;
  readonly #packed: boolean;
  #unpacked: Uint8Array | torch.Tensor | null = null;
  #scratch: Uint8Array = new Uint8Array(0);

  /** @throws ImageError naming the file: missing, not fetched, no regular file, no image, truncated, smaller than the window. */
  constructor(path: string, window: Window | null = null) {
    this.path = path;
    const { header: headerPath, voxels } = imageFiles(path);
    let file = open(headerPath);
    try {
      let start = startOf(file);
      this.header = headerOf(isGzip(start) ? gunzipStart(start, HEADER_BYTES, headerPath) : start, headerPath);
      if (this.header.isPair === true) {
        if (voxels === null) {
          throw new ImageError(
            `${headerPath} is the header of a .hdr/.img pair, but is not named so. Name it .hdr, beside its .img; or convert the pair to a single .nii.`,
          );
        }
        const other = open(voxels);
        file[Symbol.dispose]();
        file = other;
        start = startOf(file);
      }
      this.#voxelsPath = this.header.isPair === true && voxels !== null ? voxels : headerPath;
      this.#packed = isGzip(start);
      this.window = window === null ? { start: [0, 0, 0], size: this.header.shape } : inside(window, this.header, path);
      this.#file = file;
    } catch (error) {
      file[Symbol.dispose]();
      throw explained(headerPath, error);
    }
  }

  /**
   * Makes sure that the file has all voxels: to be asked before memory is asked for.
   * @throws ImageError when it is truncated or damaged.
   */
  requireWhole(): void {
    const { offset, byteLength } = this.header;
    const available = Math.max(0, this.#file.size - offset);
    if (this.#packed) this.#unpack();
    else if (available < byteLength) throw this.#truncated(available);
  }

  /**
   * Gives all voxels of the window to `use`, slab by slab, as they are stored; the memory of a slab is used again for the
   * next. Of a plain file only the rows of the window are read.
   * @param slabBytes how much of a plain file is read at a time, about.
   */
  forEachSlab(use: (slab: Slab) => void, slabBytes = SLAB_BYTES): void {
    const { header, window } = this;
    const { bytes: size } = DATA_TYPES[header.dtype];
    const [row, rows] = header.shape;
    const [, , planes] = window.size;
    this.requireWhole();
    /** Where a voxel of the window's first row is in the file. */
    const position = (channel: number, plane: number): number =>
      header.offset +
      (((channel * header.shape[2] + window.start[2] + plane) * rows + window.start[1]) * row + window.start[0]) * size;
    // to the end of the window in its last row, which may be the file's last
    const bytesOf = (part: number): number => ((part - 1) * row + window.size[0]) * size;
    const isWhole = window.size[1] === rows;
    for (let channel = 0; channel < header.channels; channel++) {
      if (this.#packed) {
        const place = { channel, firstPlane: 0, planes, row, plane: row * rows };
        use({ bytes: this.#unpack(), begin: position(channel, 0), ...place });
        continue;
      }
      const step = planesPerSlab(row * window.size[1] * size, slabBytes);
      const scratch = this.#scratchFor(row * window.size[1] * Math.min(step, planes) * size);
      for (let firstPlane = 0; firstPlane < planes; firstPlane += step) {
        const count = Math.min(step, planes - firstPlane);
        const planeBytes = row * window.size[1] * size;
        // whole planes follow one another in the file; parts of them do not
        if (isWhole) this.#read(scratch.subarray(0, bytesOf(rows * count)), position(channel, firstPlane));
        else {
          for (let i = 0; i < count; i++) {
            const part = scratch.subarray(i * planeBytes, i * planeBytes + bytesOf(window.size[1]));
            this.#read(part, position(channel, firstPlane + i));
          }
        }
        use({ bytes: scratch, begin: 0, channel, firstPlane, planes: count, row, plane: row * window.size[1] });
      }
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
    if (this.#unpacked instanceof torch.Tensor) this.#unpacked.dispose();
    this.#unpacked = null;
  }

  #scratchFor(length: number): Uint8Array {
    if (this.#scratch.length !== length) this.#scratch = Buffer.allocUnsafeSlow(length);
    return this.#scratch;
  }

  #read(target: Uint8Array, at: number): void {
    const got = this.#file.read(target, at);
    if (got < target.length) throw this.#truncated(at - this.header.offset + got);
  }

  #unpack(): Uint8Array | torch.Tensor {
    this.#unpacked ??= this.#unpackAll();
    return this.#unpacked;
  }

  /** With libdeflate where it can: into memory that the allocator has at hand. zlib does the rest, and says what is wrong. */
  #unpackAll(): Uint8Array | torch.Tensor {
    const { size } = this.#file;
    const path = this.#voxelsPath;
    const count = this.header.offset + this.header.byteLength;
    requirePossible(size, count, path);
    const whole = roomFor(size);
    const packed = whole.subarray(0, this.#file.read(whole, 0));
    if (torch.decoding.inflater() === "libdeflate") {
      const scratch = torch.empty([count + ROOM_BEHIND], { dtype: "uint8" });
      if (gunzipInto(packed, scratch, count, path)) return scratch;
      scratch.dispose();
    }
    // zlib counts in 32 bits
    if (size >= 2 ** 32) throw new ImageError(`${path} is packed and has ${size} bytes. Unpack it, with gunzip.`);
    return gunzip(packed, count, path);
  }

  #truncated(got: number): ImageError {
    const { shape, channels, dtype, byteLength } = this.header;
    return new ImageError(
      `${this.#voxelsPath} is truncated: ${shape.join("×")}${channels > 1 ? `×${channels}` : ""} voxels of ${dtype} need ${byteLength} bytes, got ${got}. Copy or download it again.`,
    );
  }
}

/** Memory for a packed file, until the next one is read. */
function roomFor(size: number): Uint8Array {
  if (size > LARGEST_KEPT) return Buffer.allocUnsafeSlow(size);
  if (room.length < size) room = Buffer.allocUnsafeSlow(Math.min(LARGEST_KEPT, 2 * size));
  return room.subarray(0, size);
}

function inside(window: Window, { shape }: NiftiHeader, path: string): Window {
  const isInside = window.start.every((start, i) => {
    const size = window.size[i] ?? 0;
    return (
      Number.isSafeInteger(start) &&
      start >= 0 &&
      Number.isSafeInteger(size) &&
      size >= 1 &&
      start + size <= (shape[i] ?? 0)
    );
  });
  if (isInside && window.start.length === 3 && window.size.length === 3) return window;
  throw new ImageError(
    `${path} has ${shape.join("×")} voxels; the window of ${window.size.join("×")} from (${window.start.join(", ")}) on does not lie in it.`,
  );
}

function headerOf(bytes: Uint8Array, path: string): NiftiHeader {
  return isMgh(bytes) ? readMghHeader(bytes, path) : readHeader(bytes, path);
}

function startOf(file: RegularFile): Uint8Array {
  const start = Buffer.alloc(Math.min(START_BYTES, file.size));
  return start.subarray(0, file.read(start, 0));
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
