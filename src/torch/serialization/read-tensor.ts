import { fromBytes } from "../creation.ts";
import { empty } from "../ops.ts";
import { scope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { type DType, itemSize } from "../types.ts";
import type { ByteSource } from "./byte-source.ts";
import { TensorFileError } from "./errors.ts";

/** How much of a file is held beside the tensor that it goes into; a multiple of the size of every element. */
const PIECE = 1 << 22;

/**
 * A contiguous tensor on `device` with the bytes of a part of the file. They go there in pieces: beside the tensor itself
 * little memory is used. `seen` gets each piece, in order.
 */
export function readTensor(
  source: ByteSource,
  { start, size }: { start: number; size: number },
  dtype: DType,
  shape: readonly number[],
  device: string,
  seen: (piece: Uint8Array) => void = () => {},
): Tensor {
  if (size <= PIECE && device === "cpu") {
    const bytes = source.read(start, size);
    seen(bytes);
    return made(source, () => fromBytes(bytes, dtype, shape));
  }
  using within = scope();
  const out = made(source, () => empty([...shape], { dtype, device }));
  fillTensor(source, { start, size }, out, seen);
  within.keep([out]);
  return out;
}

/** Reads a part of the file into a contiguous tensor of as many bytes, in pieces. */
export function fillTensor(
  source: ByteSource,
  { start, size }: { start: number; size: number },
  out: Tensor,
  seen: (piece: Uint8Array) => void = () => {},
): void {
  const { dtype } = out;
  using _flat = scope();
  const flat = out.view([size / itemSize(dtype)]);
  const buffer = new Uint8Array(Math.min(PIECE, size));
  for (let at = 0; at < size; at += PIECE) {
    using _piece = scope();
    const bytes = source.read(start + at, Math.min(PIECE, size - at), buffer);
    seen(bytes);
    const length = bytes.byteLength / itemSize(dtype);
    flat.narrow(0, at / itemSize(dtype), length).copy_(fromBytes(bytes, dtype, [length]));
  }
}

/** libtorch has its own words for a shape that it does not take, and for too little memory. */
function made(source: ByteSource, make: () => Tensor): Tensor {
  try {
    return make();
  } catch (cause) {
    const [reason] = (cause instanceof Error ? cause.message : String(cause)).split("\n");
    throw new TensorFileError(source.name, `a tensor of the file cannot be made: ${reason}`, { cause });
  }
}
