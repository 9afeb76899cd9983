/** Files that TensorBoard reads: records with checksums, each an `Event` of its protocol buffers. */
import { closeSync, openSync, writeSync } from "node:fs";
import { maskedCrc32c } from "./crc32c.ts";

/** A scalar of a curve. */
export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

/** What `Event` (tensorboard/compat/proto/event.proto) can say here. */
export type TensorBoardEvent = { readonly seconds: number; readonly step: number } & (
  | { readonly kind: "version" }
  | { readonly kind: "scalars"; readonly scalars: readonly Scalar[] }
  /** What has this step or a later one in earlier files does not count any more: it is done again. */
  | { readonly kind: "restart" }
);

/** The bytes of some events, as a file has them (TFRecord: length, its checksum, content, its checksum). */
export function recordsOf(events: readonly TensorBoardEvent[]): Uint8Array {
  return Buffer.concat(
    events.flatMap((event) => {
      const content = encode(event);
      const head = Buffer.alloc(12);
      head.writeBigUInt64LE(BigInt(content.length), 0);
      head.writeUInt32LE(maskedCrc32c(head.subarray(0, 8)), 8);
      const foot = Buffer.alloc(4);
      foot.writeUInt32LE(maskedCrc32c(content), 0);
      return [head, content, foot];
    }),
  );
}

/** Adds bytes to a file. */
export function append(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "a");
  try {
    let written = 0;
    while (written < bytes.length) written += writeSync(file, bytes, written);
  } finally {
    closeSync(file);
  }
}

/** The fields of `Event` by their numbers: wall_time 1, step 2, file_version 3, summary 5, session_log 7. */
function encode(event: TensorBoardEvent): Buffer {
  const wall = Buffer.alloc(9);
  wall[0] = (1 << 3) | FIXED64;
  wall.writeDoubleLE(event.seconds, 1);
  const step = Buffer.from([2 << 3, ...varint(event.step)]);
  switch (event.kind) {
    case "version":
      return Buffer.concat([wall, bytesField(3, Buffer.from("brain.Event:2"))]);
    case "restart":
      // SessionLog.status is START
      return Buffer.concat([wall, step, bytesField(7, Buffer.from([1 << 3, 1]))]);
    case "scalars":
      return Buffer.concat([wall, step, bytesField(5, Buffer.concat(event.scalars.map(summaryValue)))]);
  }
}

const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

/** `Summary.value`, a `Summary.Value` with tag 1 and simple_value 2. */
function summaryValue({ tag, value }: Scalar): Buffer {
  const number = Buffer.alloc(5);
  number[0] = (2 << 3) | FIXED32;
  number.writeFloatLE(value, 1);
  return bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), number]));
}

function bytesField(field: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | LENGTH, ...varint(content.length)]), content]);
}

/** Seven bits a byte, the lowest first; all bytes but the last have the highest bit. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}
