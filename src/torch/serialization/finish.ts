import { RefusedGlobalError, TensorFileFormatError } from "./errors.ts";
import { PickledOrderedDict, PickledStorage } from "./globals.ts";
import { PickledArray, PickledDType } from "./globals-numpy.ts";
import { PickleGlobal } from "./pickle-global.ts";
import { PickledDict } from "./pickle-reader.ts";
import { Counter, markOrdered } from "./python-values.ts";

/**
 * Turns what the unpickler made into what users get: dicts with text keys become plain objects, other dicts and
 * OrderedDicts Maps. What was shared stays shared. Not by recursion, so that any depth can be read.
 */
export function finish(value: unknown, file: string): unknown {
  return new Finisher(file).run(value);
}

class Finisher {
  readonly #file: string;
  readonly #done = new Map<object, unknown>();
  // each fills one container, whose items may add others
  readonly #open: (() => void)[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  run(value: unknown): unknown {
    const out = this.#of(value);
    for (let fill = this.#open.pop(); fill !== undefined; fill = this.#open.pop()) fill();
    return out;
  }

  /** What users get for `value`; a container is filled later. */
  #of(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (this.#done.has(value)) return this.#done.get(value);
    const out = this.#make(value);
    this.#done.set(value, out);
    return out;
  }

  #make(value: object): unknown {
    if (Array.isArray(value)) {
      this.#open.push(() => {
        for (let i = 0; i < value.length; i++) value[i] = this.#of(value[i]);
      });
      return value;
    }
    if (value instanceof Set) {
      this.#open.push(() => {
        const items = [...value];
        value.clear();
        for (const item of items) value.add(this.#of(item));
      });
      return value;
    }
    if (value instanceof PickledDict && hasTextKeysInOrder(value)) return this.#object(value);
    if (value instanceof Map) return this.#map(value);
    if (value instanceof PickledArray) {
      if (value.value === undefined) throw this.#unread("a numpy array without its numbers");
      return value.value;
    }
    if (value instanceof PickledDType) throw this.#unread(`numpy's dtype '${value.code}' as a value`);
    if (value instanceof PickledStorage) throw this.#unread("a storage by itself (save a tensor over it instead)");
    if (value instanceof PickleGlobal) {
      if (value.value === undefined) throw new RefusedGlobalError(this.#file, value.name);
      return value.value;
    }
    return value;
  }

  #object(value: ReadonlyMap<unknown, unknown>): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#open.push(() => {
      for (const [key, item] of value) {
        // defineProperty, because assigning to __proto__ would not add a key
        Object.defineProperty(object, String(key), {
          value: this.#of(item),
          enumerable: true,
          writable: true,
          configurable: true,
        });
      }
    });
    return object;
  }

  #map(value: ReadonlyMap<unknown, unknown>): Map<unknown, unknown> {
    const map: Map<unknown, unknown> = value instanceof Counter ? new Counter() : new Map();
    this.#open.push(() => {
      for (const [key, item] of value) map.set(this.#of(key), this.#of(item));
      if (!(value instanceof PickledOrderedDict) || value._metadata === undefined) return;
      Object.defineProperty(map, "_metadata", {
        value: this.#of(value._metadata),
        writable: true,
        configurable: true,
      });
    });
    return value instanceof PickledOrderedDict ? markOrdered(map) : map;
  }

  #unread(what: string): Error {
    return new TensorFileFormatError(this.#file, `the file holds ${what}, which is not read.`);
  }
}

/** JavaScript puts keys like "0" before all others, so that an object would lose the order of such a dict. */
function hasTextKeysInOrder(dict: ReadonlyMap<unknown, unknown>): boolean {
  for (const key of dict.keys()) if (typeof key !== "string" || /^(0|[1-9]\d*)$/.test(key)) return false;
  return true;
}
