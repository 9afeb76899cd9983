import { type DType, itemSize } from "../types.ts";
import type { ByteSource } from "./byte-source.ts";
import { DamagedTensorFileError, TensorFileFormatError } from "./errors.ts";

/** safetensors' names of the types. */
const NAMES: readonly (readonly [DType, string])[] = [
  ["float64", "F64"],
  ["float32", "F32"],
  ["float16", "F16"],
  ["bfloat16", "BF16"],
  ["int64", "I64"],
  ["int32", "I32"],
  ["int16", "I16"],
  ["int8", "I8"],
  ["uint8", "U8"],
  ["bool", "BOOL"],
  ["complex64", "C64"],
];
export const nameOfDType: ReadonlyMap<string, string> = new Map(NAMES);
const dtypeOf: ReadonlyMap<string, DType> = new Map(NAMES.map(([dtype, name]) => [name, dtype]));

/** Where one tensor of the file lies: the bytes `[start, start + size)` of the file. */
export interface SafeTensorEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly size: number;
}

export interface SafeTensorsHeader {
  /** In the order of the header. */
  readonly entries: readonly SafeTensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The header, checked as the format demands before any tensor is made: each key stands once, and the tensors fill all
 * that follows the header, one after the other.
 */
export function readHeader(source: ByteSource): SafeTensorsHeader {
  if (source.size < 8)
    throw new DamagedTensorFileError(source.name, `the file is cut short: it has ${source.size} bytes.`);
  const head = source.read(0, 8);
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  // the format's own limit, which also tells other files apart
  if (length > 100_000_000n) {
    throw new TensorFileFormatError(source.name, "this is not a safetensors file: its header would be too long.");
  }
  const header = parse(source, source.read(8, Number(length)));
  const start = 8 + Number(length);
  let metadata: Readonly<Record<string, string>> = {};
  const entries: SafeTensorEntry[] = [];
  for (const [name, value] of header) {
    if (name === "__metadata__") metadata = readMetadata(source, value);
    else entries.push(readEntry(source, start, name, value));
  }
  checkPlaces(source, start, entries);
  return { entries, metadata };
}

/** The JSON object's keys and values, in the order of the text (a JavaScript object puts keys like "0" first). */
function parse(source: ByteSource, bytes: Uint8Array): Map<string, unknown> {
  const notSafetensors = (what: string, options?: ErrorOptions) =>
    new TensorFileFormatError(source.name, `this is not a safetensors file: its header ${what}.`, options);
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw notSafetensors("is not JSON", { cause });
  }
  if (!isObject(header) || !text.startsWith("{")) throw notSafetensors("is not an object");
  const { keys, duplicate } = keysOf(text, () => notSafetensors("has objects within objects within objects"));
  if (duplicate !== undefined) {
    throw new TensorFileFormatError(source.name, `the header has the key ${JSON.stringify(duplicate)} twice.`);
  }
  return new Map(keys.map((key) => [key, header[key]]));
}

/**
 * The keys of the outermost object of `text`, which is valid JSON, and a key that stands twice in one object, if there
 * is one: JSON.parse takes the last without a word.
 */
function keysOf(text: string, tooDeep: () => Error): { keys: string[]; duplicate: string | undefined } {
  const open: Set<string>[] = [];
  let outer: string[] = [];
  for (let at = 0; at < text.length; ) {
    const char = text[at];
    if (char === "{") {
      if (open.length === MAX_DEPTH) throw tooDeep();
      open.push(new Set());
    } else if (char === "}") {
      const closed = open.pop();
      if (open.length === 0 && closed !== undefined) outer = [...closed];
    } else if (char === '"') {
      const end = endOfString(text, at);
      let next = end;
      while (/\s/.test(text[next] ?? "")) next++;
      if (text[next] === ":") {
        const key: string = JSON.parse(text.slice(at, end));
        const keys = open.at(-1);
        if (keys?.has(key)) return { keys: [], duplicate: key };
        keys?.add(key);
      }
      at = end;
      continue;
    }
    at++;
  }
  return { keys: outer, duplicate: undefined };
}

// the format has two levels of objects; a set of keys for every one of millions would cost much
const MAX_DEPTH = 8;

/** Behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function readMetadata(source: ByteSource, value: unknown): Readonly<Record<string, string>> {
  const bad = (what: string) => new TensorFileFormatError(source.name, `the header's '__metadata__' ${what}.`);
  if (!isObject(value)) throw bad("is not an object");
  const metadata: Record<string, string> = {};
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== "string") throw bad(`has a value for ${JSON.stringify(key)} that is not text`);
    // assigning to __proto__ would not add a key
    Object.defineProperty(metadata, key, { value: item, enumerable: true, writable: true, configurable: true });
  }
  return metadata;
}

function readEntry(source: ByteSource, start: number, name: string, value: unknown): SafeTensorEntry {
  const damaged = (what: string) => new DamagedTensorFileError(source.name, `the file is damaged: '${name}' ${what}.`);
  if (!isObject(value)) throw damaged("is not described by an object");
  const { dtype: typeName, shape, data_offsets: offsets } = value;
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) throw damaged("has no shape or no place");
  if (typeof typeName !== "string") throw damaged("has no type");
  const dtype = dtypeOf.get(typeName);
  if (dtype === undefined)
    throw new TensorFileFormatError(source.name, `'${name}' has the type '${typeName}', which is not read.`);
  const [from = 0, to = 0] = offsets;
  const wanted = shape.reduce((a, b) => a * b, itemSize(dtype));
  if (to - from !== wanted) throw damaged(`has ${to - from} bytes instead of ${wanted}`);
  return { name, dtype, shape, start: start + from, size: wanted };
}

function checkPlaces(source: ByteSource, start: number, entries: readonly SafeTensorEntry[]): void {
  const damaged = (what: string) => new DamagedTensorFileError(source.name, `the file is damaged: ${what}.`);
  let end = start;
  for (const entry of [...entries].sort((a, b) => a.start - b.start || a.size - b.size)) {
    if (entry.start < end) throw damaged(`'${entry.name}' lies over the bytes of another tensor`);
    if (entry.start > end) throw damaged(`nothing describes the ${entry.start - end} bytes before '${entry.name}'`);
    end = entry.start + entry.size;
  }
  if (end > source.size) throw damaged(`it is cut short, ${end} bytes are described and it has ${source.size}`);
  if (end < source.size) throw damaged(`nothing describes its last ${source.size - end} bytes`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
}
