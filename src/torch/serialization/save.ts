import { createHash } from "node:crypto";
import { basename, extname } from "node:path";
import type { FileSum } from "../../utils/file-sum.ts";
import { checkOptions } from "./options.ts";
import { bytesOf, type Part } from "./parts.ts";
import { pickle } from "./pickle-writer.ts";
import { Storages } from "./storages.ts";
import { writeSummed, writeWhole } from "./write-whole.ts";
import { ZipWriter } from "./zip-writer.ts";

export interface SerializeOptions {
  /** The folder inside the zip; PyTorch uses the file's name without its suffix. Default `archive`. */
  readonly name?: string | undefined;
}

/**
 * `value` as the bytes of a PyTorch file (`torch.load(path, weights_only=True)` opens it in Python), in chunks that
 * follow each other. Storages are copied one at a time, when their chunk is asked for: write a chunk before you
 * ask for the next, and a file of many gigabytes needs the memory of its largest tensor.
 *
 * Tensors that share memory are saved once and share it again after loading; strides are kept; all are tagged `cpu`.
 * Of a storage, the part that the tensors use is saved (PyTorch saves all of it, even for a small slice).
 * Throws `NotSerializableError` before the first chunk if something cannot be saved.
 * @example
 * ```ts
 * import { appendFileSync } from "node:fs";
 *
 * using x = torch.ones([1000]);
 * for (const chunk of torch.serializeChunks({ x })) appendFileSync("x.pt", chunk);
 * using scope = torch.scope();
 * const read = torch.load("x.pt") as { x: torch.Tensor };
 * console.log(read.x.shape); // → [ 1000 ]
 * ```
 */
export function* serializeChunks(value: unknown, options: SerializeOptions = {}): Generator<Uint8Array, void> {
  checkOptions("torch.serialize", options, ["name"]);
  for (const part of parts(value, options.name ?? "archive")) yield bytesOf(part);
}

/** The chunks, without a copy of what lies in the memory of the CPU. */
function* parts(value: unknown, name: string): Generator<Part, void> {
  const storages = new Storages();
  // twice: how much of a storage is saved is known when all its tensors have been met
  pickle(value, (object) => storages.meet(object));
  const data = pickle(value, (object) => storages.describe(object));
  const zip = new ZipWriter();
  yield* zip.add(`${name}/data.pkl`, data);
  yield* zip.add(`${name}/byteorder`, ascii("little"));
  for (const { key, elements } of storages.all()) {
    using part = elements();
    yield* zip.add(`${name}/data/${key}`, part);
  }
  yield* zip.add(`${name}/version`, ascii("3\n"));
  yield* zip.add(`${name}/.data/serialization_id`, ascii(serializationId(data, zip.crcs())));
  yield* zip.finish();
}

/**
 * All of {@link serializeChunks} at once: for small values, or when the file must not change while it is written.
 * @example
 * ```ts
 * const chunks = torch.serialize({ epoch: 3 });
 * console.log(torch.load(new Uint8Array(Buffer.concat(chunks)))); // → { epoch: 3 }
 * ```
 */
export function serialize(value: unknown, options: SerializeOptions = {}): Uint8Array[] {
  return [...serializeChunks(value, options)];
}

/**
 * Saves `value` as `torch.save` does. The file appears whole or not at all: it is written beside its place under a
 * name that begins with `.tmp-`, and renamed. Without a path, the bytes are returned.
 *
 * Map ↔ dict (a Map of names to tensors: OrderedDict), plain object ↔ dict, array ↔ list, `torch.tuple` ↔ tuple,
 * number ↔ int if integral, else float (`torch.float` forces float), bigint ↔ int, null ↔ None, Set, Uint8Array ↔ bytes.
 * @example
 * ```ts
 * using weights = torch.ones([2, 2]);
 * torch.save({ weights, epoch: 3, rate: torch.float(1) }, "state.pt"); // torch.load("state.pt") in Python
 * using scope = torch.scope();
 * const state = torch.load("state.pt") as { weights: torch.Tensor; epoch: number };
 * console.log(state.epoch, state.weights.toArray()); // → 3 [ [ 1, 1 ], [ 1, 1 ] ]
 * ```
 */
export function save(value: unknown, path: string): void;
export function save(value: unknown): Uint8Array;
export function save(value: unknown, path?: string, ...more: readonly unknown[]): Uint8Array | undefined {
  if (more.length > 0) throw new TypeError("torch.save: takes a value and a path, and no options.");
  if (path === undefined) return new Uint8Array(Buffer.concat(serialize(value)));
  writeWhole(path, parts(value, nameWithin(path)));
  return undefined;
}

/**
 * As {@link save}, and the size and SHA-256 of the file are taken while it is written: those of the values in memory, whatever
 * becomes of the file.
 * @returns null where this Node.js keeps its OpenSSL to itself: read the file for it.
 * @example
 * ```ts
 * const sum = torch.saveSummed({ epoch: 3 }, "state.pt");
 * console.log(sum?.size, sum?.sha256.length); // → 712 64
 * ```
 */
export function saveSummed(value: unknown, path: string): FileSum | null {
  return writeSummed(path, parts(value, nameWithin(path)));
}

/** The folder inside the zip, as in PyTorch; names outside ASCII trouble other zip readers. */
function nameWithin(path: string): string {
  const stem = basename(path, extname(path));
  return /^[\x20-\x7e]+$/.test(stem) ? stem : "archive";
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** 40 digits that depend on nothing but the content, so that equal values give equal files. */
function serializationId(data: Uint8Array, crcs: readonly number[]): string {
  const digest = createHash("sha256").update(data).update(Uint32Array.from(crcs)).digest();
  const half = (at: number) => digest.readBigUInt64LE(at).toString().padStart(20, "0");
  return half(0) + half(8);
}
