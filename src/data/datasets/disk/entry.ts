/** What an entry file of the cache holds: a prefix, a header, the length and the checksum of each chunk, the chunks. */
import { z } from "zod";
import type { DType } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import { ClinicaDLException } from "../../../utils/exceptions.ts";

/** The format, with its version: what reads another one throws it away. */
export const MAGIC = "CDLIMG02";
/** The magic; the bytes of the header, the number of chunks, and the CRC-32 of all that up to the first chunk, as uint32. */
export const PREFIX_BYTES = 20;
/** The length of a chunk and the CRC-32 of it as it is in the file, as uint32. */
export const CHUNK_BYTES = 8;

/** Voxels along an edge of a chunk: of 16, 20, 24 and 32, that with which patches of 64³ and 128³ voxels together were read fastest. */
export const CHUNK_EDGE = 24;

const count = z.int().min(0);

const storedTensor = z.strictObject({
  dtype: z.custom<DType>((value) => typeof value === "string"),
  shape: z.array(count),
  /** Whether all first bytes of the elements of a chunk stand before all second ones. */
  planes: z.boolean(),
  /** Voxels along the edges of a chunk. */
  edges: z.tuple([count, count, count]),
});
export type StoredTensor = z.output<typeof storedTensor>;

export const entryHeader = z.strictObject({
  /** What belongs to the tensors. */
  description: z.string(),
  /** The image that it was made of. */
  source: z.string(),
  /** How many of the tensors, from the first on, are volumes of one size, of which a region can be read; 0 where they differ. */
  volumes: count,
  /** With what chunks are packed. */
  packer: z.enum(torch.decoding.CHUNK_PACKERS),
  tensors: z.array(storedTensor),
});
export type EntryHeader = z.output<typeof entryHeader>;

/** An entry that is not what was written. */
export class DamagedEntryError extends ClinicaDLException {}
