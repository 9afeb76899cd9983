import { constants, crc32, zstdCompressSync } from "node:zlib";
import type { Tensor } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import { CHUNK_BYTES, CHUNK_EDGE, type EntryHeader, MAGIC, PREFIX_BYTES, type StoredTensor } from "./entry.ts";
import { type Axes, type Chunk, chunkEdges, chunksOf, type VolumeShape, volumeShape, wholeOf } from "./grid.ts";

type Packer = torch.decoding.ChunkPacker;

/** Levels that take longer to pack, and no longer to unpack. */
const PACKED = { [constants.ZSTD_c_compressionLevel]: 8 };
/** What packing must leave of the bytes, or these are stored as they are, which takes no time to unpack: noise, the last bytes of floats. */
const WORTH: Record<Packer, number> = { lz4: 0.97, zstd: 0.9 };

/** The bytes of an entry file. */
export function entryBytes(
  content: Pick<EntryHeader, "description" | "source" | "volumes" | "packer">,
  tensors: readonly Tensor[],
): Uint8Array {
  const { packer } = content;
  const stored: StoredTensor[] = [];
  const packed: Uint8Array[] = [];
  for (const tensor of tensors) {
    const shape = volumeShape(tensor.shape);
    const { dtype } = tensor;
    const edges = chunkEdges(shape, CHUNK_EDGE);
    const volume = tensor.reshape(shape);
    const chunks = tensor.numel() === 0 ? [] : [...chunksOf(shape, edges, wholeOf(shape))];
    const planes = packsBetterInPlanes(volume, shape, edges, packer);
    for (const chunk of chunks) packed.push(pack(bytesOf(volume, chunk), planes ? torch.itemSize(dtype) : 1, packer));
    stored.push({ dtype, shape: [...tensor.shape], planes, edges: [...edges] });
  }
  const header: EntryHeader = { ...content, tensors: stored };
  const json = Buffer.from(JSON.stringify(header));
  const list = Buffer.alloc(CHUNK_BYTES * packed.length);
  packed.forEach((chunk, i) => {
    list.writeUInt32LE(chunk.byteLength, CHUNK_BYTES * i);
    list.writeUInt32LE(crc32(chunk), CHUNK_BYTES * i + 4);
  });
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, "latin1");
  prefix.writeUInt32LE(json.byteLength, 8);
  prefix.writeUInt32LE(packed.length, 12);
  prefix.writeUInt32LE(crc32(list, crc32(json, crc32(prefix.subarray(0, 16)))), 16);
  return Buffer.concat([prefix, json, list, ...packed]);
}

/** Whether the bytes of the chunk in the middle are fewer in planes: so for what was interpolated, and not for few values again and again. */
function packsBetterInPlanes(volume: Tensor, shape: VolumeShape, edges: Axes, packer: Packer): boolean {
  const size = torch.itemSize(volume.dtype);
  const [, d, h, w] = shape;
  const [middle] =
    volume.numel() === 0 ? [] : chunksOf(shape, edges, { start: [d >> 1, h >> 1, w >> 1], size: [1, 1, 1] });
  if (size === 1 || size > 8 || middle === undefined) return false;
  const bytes = bytesOf(volume, middle);
  return pack(bytes, size, packer).byteLength < pack(bytes, 1, packer).byteLength;
}

function bytesOf(volume: Tensor, { channel, start, size }: Chunk): Uint8Array {
  using _scope = torch.scope();
  const narrowed = (tensor: Tensor, axis: 0 | 1 | 2): Tensor => tensor.narrow(axis, start[axis], size[axis]);
  return narrowed(narrowed(narrowed(volume.select(0, channel), 0), 1), 2).toBytes();
}

/** One part, or one for each plane: what packs one badly would spoil the others. Each begins with its length. */
function pack(bytes: Uint8Array, size: number, packer: Packer): Uint8Array {
  const parts = size === 1 ? [bytes] : Array.from({ length: size }, (_, byte) => planeOf(bytes, size, byte));
  return Buffer.concat(
    parts.flatMap((part) => {
      const packed = partOf(part, packer);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(packed.byteLength);
      return [length, packed];
    }),
  );
}

function partOf(bytes: Uint8Array, packer: Packer): Uint8Array {
  const most = Math.floor(WORTH[packer] * bytes.byteLength);
  if (packer === "lz4") return torch.decoding.packLz4(bytes, most) ?? bytes;
  const packed = zstdCompressSync(bytes, { params: PACKED });
  return packed.byteLength <= most ? packed : bytes;
}

/** Byte number `byte` of each element. */
function planeOf(bytes: Uint8Array, size: number, byte: number): Uint8Array {
  const plane = new Uint8Array(bytes.length / size);
  for (let i = 0, at = byte; i < plane.length; i++, at += size) plane[i] = bytes[at] ?? 0;
  return plane;
}
