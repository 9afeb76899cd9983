/** What reading images needs of native code: unpacking, and the conversion of a file's voxels to a tensor's. */
import { type BinaryArray, type Handle, native } from "./native.ts";
import { Tensor } from "./tensor.ts";
import type { DType } from "./types.ts";

/** Memory to read from or to write to: a typed array, or a contiguous tensor on the CPU. */
export type Memory = BinaryArray | Tensor;

/** How voxels are stored in a file. */
export type StoredType =
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "uint64"
  | "int64"
  | "float32"
  | "float64";

const memoryOf = (memory: Memory, what: string): BinaryArray | Handle =>
  memory instanceof Tensor ? memory.handleFor(what) : memory;

/** The library that unpacks: "libdeflate" where the system has it, else "zlib", which is Node's own. */
export function inflater(): "libdeflate" | "zlib" {
  return native.inflater() === "libdeflate" ? "libdeflate" : "zlib";
}

/**
 * Unpacks the deflate stream of a gzip member into `target`, and compares it with the checksum and the size behind it.
 * @param start where the stream begins, behind the member's header.
 * @param at where its output begins in `target`, in bytes.
 * @returns where the next member begins, and how many bytes came; null where that cannot be done: there is no libdeflate, the
 * stream is damaged or truncated, its checksum is wrong, or it holds more than there is room for.
 */
export function inflateMember(
  packed: Uint8Array,
  start: number,
  target: Memory,
  at: number,
): { readonly end: number; readonly length: number } | null {
  const result = native.inflateMember(packed, start, memoryOf(target, "inflateMember"), at);
  return result === null ? null : { end: result[0], length: result[1] };
}

/**
 * Fills `target` with the beginning of what a deflate stream holds, which need not be there to its end. Nothing is compared with its checksum.
 * @param start where the stream begins, behind the member's header.
 * @returns false where that cannot be done: there is no libdeflate, the beginning is not enough or damaged, or it is made of too small parts.
 */
export function inflateStart(packed: Uint8Array, start: number, target: Uint8Array): boolean {
  return native.inflateStart(packed, start, target);
}

/** Some planes of a volume, and how they become a tensor's. */
export interface VoxelsOptions {
  readonly source: Memory;
  /** Where the planes begin in the source, in bytes. They follow one another, x fastest. */
  readonly sourceAt: number;
  /** Voxels in a row and in a plane of the source, where those that are read are a part of it. Default: as in the volume. */
  readonly sourceRow?: number;
  readonly sourcePlane?: number;
  readonly stored: StoredType;
  /** Whether the bytes of a voxel are in the other order than this machine's. */
  readonly swap: boolean;
  readonly target: Tensor;
  /** Where the volume begins in the target, in elements. In it z is fastest. */
  readonly targetAt: number;
  /** Voxels of the volume along x, y, z. */
  readonly shape: readonly [number, number, number];
  /** The first plane, and how many there are. */
  readonly firstPlane: number;
  readonly planes: number;
  readonly slope: number;
  readonly inter: number;
  /**
   * "values": `slope * stored + inter` as the target's type. "checked": the same, for a float32 target, and tells of integers
   * that it changes. "labels": rounded to an integer that is within 0.1.
   */
  readonly rule: "values" | "checked" | "labels";
}

/**
 * Converts voxels in one pass: byte order, type, scaling, and the order of the axes.
 * @returns null; "inexact" where a checked integer was changed; else the first value that the target cannot hold: an integer
 * of 64 bits, or what is no label.
 */
export function voxelsInto(options: VoxelsOptions): "inexact" | number | bigint | null {
  const { source, target, shape, slope, inter, rule } = options;
  const { dtype } = target;
  const { sourceRow = shape[0], sourcePlane = sourceRow * shape[1] } = options;
  return native.voxelsInto(
    memoryOf(source, "voxelsInto"),
    options.sourceAt,
    options.stored,
    options.swap,
    target.handleFor("voxelsInto"),
    dtype,
    options.targetAt,
    shape,
    options.firstPlane,
    options.planes,
    slope,
    inter,
    rule,
    sourceRow,
    sourcePlane,
  );
}

/** A box of elements along three axes, of which the last is the fastest. */
export type Axes = readonly [number, number, number];

/** A chunk of a volume, and where what is wanted of it goes. */
export interface ChunkOptions {
  /** Where the chunk begins in the source, in bytes, and how many it has there. */
  readonly start: number;
  readonly length: number;
  /** The CRC-32 of these bytes. */
  readonly checksum: number;
  /** The elements of the chunk. */
  readonly shape: Axes;
  /** What is wanted of it: `count` elements from `from` on. */
  readonly from: Axes;
  readonly count: Axes;
  /** Where it begins in the target, in elements. */
  readonly at: number;
}

/** Some chunks of one tensor. */
export interface ChunksOptions {
  readonly source: Memory;
  readonly chunks: readonly ChunkOptions[];
  readonly packer: ChunkPacker;
  /** Whether all first bytes of the elements of a chunk stand before all second ones, and so on. */
  readonly planes: boolean;
  /** The type of their elements: the target's, or one that {@link chunksConvert} to it. */
  readonly stored: DType;
  readonly target: Tensor;
  /** The axes of the volume that the target is. */
  readonly targetShape: Axes;
}

/** What chunks are packed with. */
export const CHUNK_PACKERS = ["lz4", "zstd"] as const;
export type ChunkPacker = (typeof CHUNK_PACKERS)[number];

/** With what chunks can be unpacked here, the fastest first: LZ4 where the system has it, zstd where Node shows its own or the system has one. */
export function chunkPackers(): readonly ChunkPacker[] {
  const found = native.chunkPackers();
  return CHUNK_PACKERS.filter((packer) => found.includes(packer));
}

/**
 * Packs bytes with LZ4, at the level that takes long to pack and little to unpack.
 * @param most bytes that it may take.
 * @returns null where it would take more.
 */
export function packLz4(bytes: Uint8Array, most: number): Uint8Array | null {
  const target = new Uint8Array(most);
  const taken = native.packLz4(memoryOf(bytes, "packLz4"), memoryOf(target, "packLz4"));
  return taken === 0 ? null : target.subarray(0, taken);
}

/** Whether chunks of one type can be put into a tensor of another, which holds all their values. */
export function chunksConvert(stored: DType, wanted: DType): boolean {
  return stored === wanted || (wanted === "float32" && (stored === "uint8" || stored === "int16"));
}

/** Of a chunk, as native code takes them. */
const NUMBERS = 13;

/**
 * Unpacks chunks, and puts what is wanted of them into a volume. Each has one part, or one for each plane of bytes: it begins with its bytes
 * as uint32, and is packed, or is as it was where that takes as many bytes as it does unpacked.
 * @returns null; else the number of the first that is not what it was, and whether its checksum tells that, or what is in it.
 */
export function chunksInto(
  options: ChunksOptions,
): { readonly chunk: number; readonly by: "checksum" | "content" } | null {
  const { source, chunks, packer, planes, stored, target, targetShape } = options;
  const list = new Float64Array(chunks.length * NUMBERS);
  let i = 0;
  for (const { start, length, checksum, shape, from, count, at } of chunks) {
    list[i] = start;
    list[i + 1] = length;
    list[i + 2] = checksum;
    list.set(shape, i + 3);
    list.set(from, i + 6);
    list.set(count, i + 9);
    list[i + 12] = at;
    i += NUMBERS;
  }
  const bad = native.chunksInto(
    memoryOf(source, "chunksInto"),
    list,
    packer === "lz4",
    planes,
    stored,
    target.handleFor("chunksInto"),
    targetShape,
  );
  return bad === null ? null : { chunk: bad[0], by: bad[1] ? "checksum" : "content" };
}
