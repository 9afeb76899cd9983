/**
 * Values that Python tells apart and JavaScript does not. All are what they extend, so code that only reads
 * them need not know.
 */

/**
 * A Python tuple: an array that is written as a tuple again.
 * @example
 * ```ts
 * const pair = torch.load(torch.save(torch.tuple([1, "a"])));
 * console.log(pair instanceof torch.Tuple, Array.isArray(pair)); // → true true
 * ```
 */
export class Tuple<T = unknown> extends Array<T> {
  // map, filter, … give ordinary arrays
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/**
 * Marks `items` to be saved as a Python tuple.
 * @example
 * ```ts
 * torch.save(new Map([[torch.tuple([0, 1]), 0.5]]), "losses.pt"); // in Python: {(0, 1): 0.5}
 * ```
 */
export function tuple<T>(items: Iterable<T>): Tuple<T> {
  const out = new Tuple<T>();
  for (const item of items) out.push(item);
  return out;
}

/**
 * A number that is saved as a Python float even if it is integral.
 * @example
 * ```ts
 * const one = torch.float(1);
 * console.log(one instanceof torch.PyFloat, one.value); // → true 1
 * ```
 */
export class PyFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  valueOf(): number {
    return this.value;
  }
  toJSON(): number {
    return this.value;
  }
}

/**
 * Marks `value` to be saved as a Python float: `torch.float(1)` is `1.0`. Loading gives ordinary numbers.
 * @example
 * ```ts
 * torch.save({ lr: torch.float(1), epoch: 1 }, "state.pt"); // in Python: {'lr': 1.0, 'epoch': 1}
 * console.log(torch.load("state.pt")); // → { lr: 1, epoch: 1 }
 * ```
 */
export function float(value: number): PyFloat {
  return new PyFloat(value);
}

/**
 * A `collections.Counter`: how often each key occurs.
 * @example
 * ```ts
 * const counts = torch.Counter.of(["AD", "CN", "AD"]);
 * console.log(counts.get("AD"), torch.load(torch.save(counts)) instanceof torch.Counter); // → 2 true
 * ```
 */
export class Counter<K = unknown> extends Map<K, number> {
  /** Counts the items of `items`. */
  static of<K>(items: Iterable<K>): Counter<K> {
    const out = new Counter<K>();
    for (const item of items) out.set(item, (out.get(item) ?? 0) + 1);
    return out;
  }
}

/** The versions of the modules that made a state dict, by module path: what PyTorch calls `_metadata`. */
export type StateDictMetadata = Map<string, { version: number }>;

/** A state dict may carry the versions of its modules; without, they are derived from its keys when it is saved. */
export interface WithMetadata {
  _metadata?: StateDictMetadata;
}

/** Maps that were an OrderedDict in a file: they are ordinary Maps to users, and written as an OrderedDict again. */
const ordered = new WeakSet<ReadonlyMap<unknown, unknown>>();

export function markOrdered<M extends ReadonlyMap<unknown, unknown>>(map: M): M {
  ordered.add(map);
  return map;
}
export function isMarkedOrdered(map: ReadonlyMap<unknown, unknown>): boolean {
  return ordered.has(map);
}

export type NumericArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/**
 * A numpy array: numbers in C order and a shape. Python needs `weights_only=False` to load one.
 * @example
 * ```ts
 * const array = new torch.NdArray(Float64Array.of(1, 2, 3, 4), [2, 2]);
 * const read = torch.load(torch.save({ array })) as { array: torch.NdArray };
 * console.log(read.array.shape, read.array.data[3]); // → [ 2, 2 ] 4
 * ```
 */
export class NdArray {
  readonly data: NumericArray;
  readonly shape: readonly number[];
  constructor(data: NumericArray, shape: readonly number[]) {
    const count = shape.reduce((a, b) => a * b, 1);
    if (count !== data.length)
      throw new RangeError(`NdArray: shape [${shape.join(", ")}] needs ${count} numbers, got ${data.length}.`);
    this.data = data;
    this.shape = shape;
  }
}
