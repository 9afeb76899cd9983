/** Where the numbers of a {@link PairDict} are. */
export interface PairDictParts {
  /** Two integers for each entry, one after the other. */
  readonly keys: Int32Array;
  /** `width` numbers for each entry, one after the other. */
  readonly values: Float64Array;
  readonly width: number;
  /** Which of them is the value of an entry; null: all of them, as a list. */
  readonly column: number | null;
}

/**
 * A dict from pairs of integers to a float each, or to a list of floats: saved as a Map of tuples would be, in a
 * fraction of the time, since there is no object per entry. Loading gives such a Map.
 * @example
 * ```ts
 * const keys = Int32Array.of(0, 0, 0, 1); // (epoch, batch)
 * const losses = new torch.PairDict({ keys, values: Float64Array.of(0.5, 0.25), width: 1, column: 0 });
 * const read = torch.load(torch.save(losses)) as Map<torch.Tuple<number>, number>;
 * for (const [[epoch, batch], loss] of read) console.log(epoch, batch, loss); // → 0 0 0.5
 * // → 0 1 0.25
 * ```
 */
export class PairDict {
  readonly #parts: PairDictParts;
  #opcodes: Uint8Array | null = null;

  /** @param parts must not change until the dict is saved. */
  constructor(parts: PairDictParts) {
    this.#parts = parts;
  }

  /** Of a pickle: they put the entries into a dict. Tuples and lists are each met once, so they need no number. */
  get opcodes(): Uint8Array {
    this.#opcodes ??= opcodesOf(this.#parts);
    return this.#opcodes;
  }
}

// the opcodes of protocol 2
const MARK = 0x28; // (
const SETITEMS = 0x75; // u
const BININT1 = 0x4b; // K
const BININT2 = 0x4d; // M
const BININT = 0x4a; // J
const TUPLE2 = 0x86;
const BINFLOAT = 0x47; // G
const EMPTY_LIST = 0x5d; // ]
const APPENDS = 0x65; // e

function opcodesOf({ keys, values, width, column }: PairDictParts): Uint8Array {
  const length = keys.length / 2;
  const perEntry = 2 * 5 + 1 + (column === null ? 9 * width + 3 : 9);
  const bytes = new Uint8Array(length * perEntry + 2);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const integer = (value: number) => {
    const short = value >= 0 && value < 0x10000;
    bytes[at++] = !short ? BININT : value < 0x100 ? BININT1 : BININT2;
    if (!short) view.setInt32(at, value, true);
    else if (value < 0x100) bytes[at] = value;
    else view.setUint16(at, value, true);
    at += !short ? 4 : value < 0x100 ? 1 : 2;
  };
  const float = (value: number) => {
    bytes[at++] = BINFLOAT;
    view.setFloat64(at, value, false);
    at += 8;
  };
  bytes[at++] = MARK;
  for (let i = 0; i < length; i++) {
    integer(keys[2 * i] ?? 0);
    integer(keys[2 * i + 1] ?? 0);
    bytes[at++] = TUPLE2;
    if (column !== null) {
      float(values[width * i + column] ?? Number.NaN);
      continue;
    }
    bytes[at++] = EMPTY_LIST;
    bytes[at++] = MARK;
    for (let k = 0; k < width; k++) float(values[width * i + k] ?? Number.NaN);
    bytes[at++] = APPENDS;
  }
  bytes[at++] = SETITEMS;
  return bytes.subarray(0, at);
}
