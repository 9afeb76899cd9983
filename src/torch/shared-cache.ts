/** Tensors that all JavaScript threads of the process may read: what one has made, no other makes again. */
import { native } from "./native.ts";
import { Tensor } from "./tensor.ts";

/** What a cache has under a key. */
export interface CachedTensors {
  /** What was said of them. */
  readonly description: string;
  /** They share the cache's memory, which must not be written into, and belong to the caller. */
  readonly tensors: readonly Tensor[];
}

const forgotten = new FinalizationRegistry<number>((id) => native.sharedCacheClose(id));

/**
 * Copies of tensors under keys, for all threads. They lie in memory of their own, and are not counted by `memory.live()`.
 * @example
 * ```ts
 * const cache = new torch.SharedCache();
 * using image = torch.ones([1, 2, 2, 2]);
 * cache.put("sub-01", "as it was read", [image]);
 * const same = torch.SharedCache.of(cache.id); // in a worker thread, to which the id was posted
 * console.log(same.get("sub-01") === null); // → false
 * ```
 */
export class SharedCache implements Disposable {
  /** By which other threads find it. */
  readonly id: number;

  /** A new cache, empty. It ends with `close`, or with this object. */
  constructor();
  /** @internal */
  constructor(id: number);
  constructor(id?: number) {
    this.id = id ?? native.sharedCacheOpen();
    if (id === undefined) forgotten.register(this, this.id, this);
  }

  /** The cache that another thread opened; empty once that has closed it. */
  static of(id: number): SharedCache {
    return new SharedCache(id);
  }

  /** The bytes that all caches of the process hold. */
  static get bytes(): number {
    return native.sharedCacheBytes();
  }

  /**
   * Keeps copies of the tensors (dense, on the CPU); what is there already under this key stays.
   * @param limit how many bytes all caches of the process may hold with them. Default: as many as there are.
   * @returns whether they are in the cache: not so when the limit would be exceeded, or the cache was closed.
   */
  put(key: string, description: string, tensors: readonly Tensor[], limit = Number.POSITIVE_INFINITY): boolean {
    const handles = tensors.map((tensor) => tensor.handleFor("SharedCache.put"));
    return native.sharedCachePut(this.id, key, description, handles, limit);
  }

  /** What is under a key; null where nothing is. */
  get(key: string): CachedTensors | null {
    const found = native.sharedCacheGet(this.id, key);
    if (found === null) return null;
    const [description, handles] = found;
    return { description, tensors: handles.map((handle) => new Tensor(handle)) };
  }

  /** Forgets what is in it, for all threads, and stays open. */
  clear(): void {
    native.sharedCacheClear(this.id);
  }

  /** Forgets everything, for all threads. Tensors that were taken out stay what they are. */
  close(): void {
    forgotten.unregister(this);
    native.sharedCacheClose(this.id);
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
