import { constants, crc32, zstdCompressSync } from "node:zlib";
import type { Tensor } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import { CHUNK_EDGE, type EntryHeader, MAGIC, PREFIX_BYTES, type StoredTensor } from "./entry.ts";
import { type Axes, type Chunk, chunkEdges, chunksOf, type VolumeShape, volumeShape, wholeOf } from "./grid.ts";

/** A frame of zstd ends with a checksum of what it holds. A higher level takes longer to pack, and no longer to unpack. */
const PACKED = { [constants.ZSTD_c_compressionLevel]: 8, [constants.ZSTD_c_checksumFlag]: 1 };
/** A frame that holds its bytes almost as they are: levels below zero give no byte a shorter code. */
const STORED = { [constants.ZSTD_c_compressionLevel]: -5, [constants.ZSTD_c_checksumFlag]: 1 };
/** Bytes that are packed take five times as long to unpack as bytes that are stored: that must save a tenth. */
const WORTH = 0.9;

/** The bytes of an entry file. */
export function entryBytes(
  content: Pick<EntryHeader, "description" | "source" | "volumes">,
  tensors: readonly Tensor[],
): Uint8Array {
  const stored: StoredTensor[] = [];
  const frames: Uint8Array[] = [];
  for (const tensor of tensors) {
    const shape = volumeShape(tensor.shape);
    const { dtype } = tensor;
    const edges = chunkEdges(shape, CHUNK_EDGE);
    const volume = tensor.reshape(shape);
    const chunks = tensor.numel() === 0 ? [] : [...chunksOf(shape, edges, wholeOf(shape))];
    const planes = packsBetterInPlanes(volume, shape, edges);
    for (const chunk of chunks) frames.push(pack(bytesOf(volume, chunk), planes ? torch.itemSize(dtype) : 1));
    stored.push({ dtype, shape: [...tensor.shape], planes, edges: [...edges] });
  }
  const header: EntryHeader = { ...content, tensors: stored };
  const json = Buffer.from(JSON.stringify(header));
  const lengths = Buffer.alloc(4 * frames.length);
  frames.forEach((frame, i) => void lengths.writeUInt32LE(frame.byteLength, 4 * i));
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, "latin1");
  prefix.writeUInt32LE(json.byteLength, 8);
  prefix.writeUInt32LE(frames.length, 12);
  prefix.writeUInt32LE(crc32(lengths, crc32(json, crc32(prefix.subarray(0, 16)))), 16);
  return Buffer.concat([prefix, json, lengths, ...frames]);
}

/** Whether the bytes of the chunk in the middle are fewer in planes: so for what was interpolated, and not for few values again and again. */
function packsBetterInPlanes(volume: Tensor, shape: VolumeShape, edges: Axes): boolean {
  const size = torch.itemSize(volume.dtype);
  const [, d, h, w] = shape;
  const [middle] =
    volume.numel() === 0 ? [] : chunksOf(shape, edges, { start: [d >> 1, h >> 1, w >> 1], size: [1, 1, 1] });
  if (size === 1 || size > 8 || middle === undefined) return false;
  const bytes = bytesOf(volume, middle);
  return pack(bytes, size).byteLength < pack(bytes, 1).byteLength;
}

function bytesOf(volume: Tensor, { channel, start, size }: Chunk): Uint8Array {
  using _scope = torch.scope();
  const narrowed = (tensor: Tensor, axis: 0 | 1 | 2): Tensor => tensor.narrow(axis, start[axis], size[axis]);
  return narrowed(narrowed(narrowed(volume.select(0, channel), 0), 1), 2).toBytes();
}

/** One frame, or one for each plane: what fits one badly would spoil the others, and bytes that are noise are stored as they are. */
function pack(bytes: Uint8Array, size: number): Uint8Array {
  if (size === 1) return frameOf(bytes);
  const planes = Array.from({ length: size }, (_, byte) => planeOf(bytes, size, byte));
  return Buffer.concat(planes.map(frameOf));
}

function frameOf(bytes: Uint8Array): Uint8Array {
  const packed = zstdCompressSync(bytes, { params: PACKED });
  if (packed.byteLength < WORTH * bytes.byteLength) return packed;
  return zstdCompressSync(bytes, { params: STORED });
}

/** Byte number `byte` of each element. */
function planeOf(bytes: Uint8Array, size: number, byte: number): Uint8Array {
  const plane = new Uint8Array(bytes.length / size);
  for (let i = 0, at = byte; i < plane.length; i++, at += size) plane[i] = bytes[at] ?? 0;
  return plane;
}
