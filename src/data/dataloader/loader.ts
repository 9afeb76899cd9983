import { cuda } from "../../torch/index.ts";
import type { JsonObject, ToDict } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { Named } from "../../utils/registry.ts";
import { warnOnce } from "../../utils/warnings.ts";
import { type DatasetLike, UnpairedDataset } from "../datasets/index.ts";
import type { Item } from "../structures/index.ts";
import { autoWorkers, LoadingWatch } from "./auto-workers.ts";
import type { BatchTransform } from "./batch-transforms/registry.ts";
import { type BatchOf, type BatchType, disposeBatch, type LoadedBatch, partsOf } from "./batch-type.ts";
import { type BatchItems, loadBatch } from "./collate.ts";
import { type CollateFn, MergeBatchesCollate } from "./collate-fns.ts";
import { DataLoaderConfig, type DataLoaderFields } from "./config.ts";
import { WorkerError } from "./errors.ts";
import { ALL, checkParts, countBatches, cutBatches, type Share, sampleOrder, sampleWeights } from "./order.ts";
import { WorkerPool } from "./pool.ts";

export type DataLoaderOptions = DataLoaderFields & {
  /** From which shuffling and augmentations follow, with the epoch. Default: the dataset's, which is 0. Not recorded in a MAPS. */
  readonly seed?: number;
  /** What is done to each batch in training, such as `new MixUp({ alpha: 0.4 })`. Default null: nothing. */
  readonly batchTransform?: BatchTransform | Named | null;
};

/** How items are put together; `B` is what the loader gives then. */
export interface CollateOption<B extends BatchType> {
  /** Default null: of samples a batch, of tuples a tuple of batches. */
  readonly collateFn?: CollateFn<B> | null | undefined;
}

export interface IterateOptions {
  /** How many batches of the epoch to leave out at the start, unread: to go on in the middle of one. Default 0. */
  readonly startBatch?: number;
}

const DEFAULT_PREFETCH = 2;

const forgotten = new FinalizationRegistry<{ close(): Promise<void> }>((pool) => {
  void pool.close();
});

/**
 * Loads a dataset in batches: of samples a `Batch`, of tuples a tuple of them, of named samples one for each name.
 *
 * Batches come in the same order, with the same content, whatever the number of workers. Who takes a batch disposes it.
 * Leaving the loop early stops the workers and frees what they had loaded.
 * @example
 * ```ts
 * const loader = new DataLoader(dataset.subset("bids/metadata.tsv"), { batchSize: 6, numWorkers: 0 });
 * loader.setEpoch(1);
 * const sizes: number[] = [];
 * for await (using batch of loader) sizes.push(batch.length);
 * console.log(loader.length, sizes); // → 3 [ 6, 6, 4 ]
 * ```
 */
export class DataLoader<T extends Item = Item, B extends BatchType = BatchOf<T>>
  implements ToDict, AsyncIterable<B>, AsyncDisposable
{
  readonly dataset: DatasetLike<T>;
  readonly config: DataLoaderConfig;
  #epoch = 0;
  #seed: number | null = null;
  #share = ALL;
  #pool: WorkerPool<B> | null = null;
  readonly #watch = new LoadingWatch();

  /** @throws ConfigError for options that are misspelt or do not go together, and for what cannot go to worker threads. */
  constructor(dataset: DatasetLike<T>, options: DataLoaderOptions & CollateOption<B> = {}) {
    const { seed, ...fields } = options;
    this.dataset = dataset;
    this.config = new DataLoaderConfig(fields);
    if (this.config.samplingWeights !== null && dataset instanceof UnpairedDataset) {
      throw new ConfigError(
        "DataLoader: 'samplingWeights' cannot be used with an UnpairedDataset, whose items are put together anew in each epoch, so that none has a weight.",
        { fieldNames: ["samplingWeights"] },
      );
    }
    if (this.config.collateFn instanceof MergeBatchesCollate && dataset instanceof UnpairedDataset) {
      throw new ConfigError(
        "DataLoader: MergeBatchesCollate merges samples of one participant; those of an UnpairedDataset are of several.",
        { fieldNames: ["collateFn"] },
      );
    }
    if (this.config.numWorkers !== "auto" && this.config.numWorkers > 0) dataset.checkPortable();
    if (seed !== undefined) this.setSeed(seed);
  }

  /** The number of batches of an epoch. */
  get length(): number {
    return countBatches(this.dataset.length, this.config, this.#share);
  }
  get batchSize(): number {
    return this.config.batchSize;
  }
  get shuffle(): boolean {
    return this.config.shuffle;
  }
  /** How many threads load; with "auto", how many it has started so far. */
  get numWorkers(): number {
    const { numWorkers } = this.config;
    return numWorkers === "auto" ? (this.#pool?.threadIds.length ?? 0) : numWorkers;
  }
  /** How many threads the next epoch begins with: none where those of the last one stay. */
  get workersToStart(): number {
    const { numWorkers } = this.config;
    return numWorkers === "auto" || this.#pool?.alive === true ? 0 : numWorkers;
  }
  get epoch(): number {
    return this.#epoch;
  }

  /** Looks at the sampling weights, if there are any, before the first batch. @throws DataFrameError when samples cannot be drawn by them. */
  checkWeights(): void {
    const { samplingWeights } = this.config;
    if (samplingWeights !== null) sampleWeights(this.dataset, samplingWeights);
  }

  /** Sets the epoch, from which the order and the augmentations of the next iteration follow. */
  setEpoch(epoch: number): void {
    this.#epoch = epoch;
    this.dataset.setEpoch(epoch);
  }
  /** @throws ConfigError when the batches of an epoch cannot be shared by so many processes. */
  checkParts(processes: number): void {
    checkParts(this.dataset.length, this.config, processes);
  }
  /** From now on only a part of the samples is loaded: that of one of several processes. */
  setShare(share: Share): void {
    this.#share = share;
  }
  /** Sets the seed, of the order and of the augmentations. */
  setSeed(seed: number): void {
    this.#seed = seed;
    this.dataset.setSeed(seed);
  }

  [Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    return this.iterate();
  }

  /** The batches of the current epoch. */
  async *iterate({ startBatch = 0 }: IterateOptions = {}): AsyncGenerator<B, void, undefined> {
    const { batchSize, dropLast, shuffle, samplingWeights, numWorkers, pinMemory } = this.config;
    const seed = this.#seed ?? this.dataset.seed;
    const order = sampleOrder(this.dataset, { shuffle, samplingWeights, seed, epoch: this.#epoch });
    const { rank, size, of } = this.#share;
    const batches = cutBatches(order, { batchSize, dropLast }, this.#share)
      .map((indices, i): BatchItems => ({ indices, number: of === "batches" ? i * size + rank : i }))
      .slice(startBatch);
    const pin = pinMemory && cuda.isAvailable();
    const source =
      numWorkers === 0
        ? this.#here(batches)
        : numWorkers === "auto"
          ? this.#auto(batches)
          : this.#fromWorkers(batches, Math.min(numWorkers, batches.length));
    for await (const batch of source) yield pin ? pinned(batch) : batch;
  }

  async *#here(batches: readonly BatchItems[]): AsyncGenerator<B, void, undefined> {
    for (const which of batches) {
      const batch = await loadBatch<B>(this.dataset, which, this.config);
      if (batch !== null) yield batch;
    }
  }

  /** Begins here; threads go on, and stay for the next epochs, once it is seen that they pay. */
  async *#auto(batches: readonly BatchItems[]): AsyncGenerator<B, void, undefined> {
    let next = 0;
    if (this.#pool?.alive !== true) {
      const watch = this.#watch;
      watch.beginEpoch();
      for (; next < batches.length && !watch.wouldPay(batches.length - next); next++) {
        const which = batches[next];
        if (which === undefined) break;
        const batch = await watch.measure(() => loadBatch<B>(this.dataset, which, this.config));
        if (batch !== null) yield batch;
      }
      if (next < batches.length && !this.#startAuto()) return yield* this.#here(batches.slice(next));
    }
    yield* this.#fromWorkers(batches.slice(next), autoWorkers());
  }

  /** Whether threads could be started; where not, a warning says why, once, and that nothing but speed is lost. */
  #startAuto(): boolean {
    try {
      this.#keepPool(new WorkerPool<B>(this.dataset.toWorker(), autoWorkers()));
      return true;
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof WorkerError)) throw error;
      const why = `DataLoader: loading takes much of the time, and threads cannot help: ${error.message}`;
      warnOnce(why, why);
      return false;
    }
  }

  async *#fromWorkers(batches: readonly BatchItems[], count: number): AsyncGenerator<B, void, undefined> {
    if (batches.length === 0) return;
    const { numWorkers, prefetchFactor } = this.config;
    const persistentWorkers = this.config.persistentWorkers || numWorkers === "auto";
    const pool = this.#openPool(count);
    const inWork = count * Math.max(1, prefetchFactor ?? DEFAULT_PREFETCH);
    const cancelled = new Int32Array(new SharedArrayBuffer(4));
    const { epoch, seed, evalMode } = this.dataset;
    const collate = this.config.collateFn?.toDict() ?? null;
    const batchTransform = this.config.batchTransform?.toDict() ?? null;
    const queue: Promise<B | null>[] = [];
    let next = 0;
    const fill = (): void => {
      while (queue.length < inWork) {
        const which = batches[next++];
        if (which === undefined) break;
        const request = { ...which, epoch, seed, evalMode, collate, batchTransform, cancelled };
        const loading = pool.load(request, () => this.#name(which.indices));
        // its error is seen when its turn comes; until then it is not an unhandled one
        loading.catch(() => undefined);
        queue.push(loading);
      }
    };
    try {
      fill();
      for (let first = queue.shift(); first !== undefined; first = queue.shift()) {
        const batch = await first;
        fill();
        if (batch !== null) yield batch;
      }
    } finally {
      Atomics.store(cancelled, 0, 1);
      for (const result of await Promise.allSettled(queue)) {
        if (result.status === "fulfilled" && result.value !== null) disposeBatch(result.value);
      }
      if (!persistentWorkers || !pool.alive) {
        if (this.#pool === pool) this.#pool = null;
        await pool.close();
      }
    }
  }

  /** Persistent workers serve one epoch after the other; others are made for one. */
  #openPool(count: number): WorkerPool<B> {
    const { persistentWorkers, numWorkers } = this.config;
    if (numWorkers === "auto" && this.#pool !== null) return this.#pool;
    if (!persistentWorkers) return new WorkerPool<B>(this.dataset.toWorker(), count);
    this.#pool ??= this.#keepPool(new WorkerPool<B>(this.dataset.toWorker(), this.numWorkers));
    return this.#pool;
  }

  /** Its threads end with the loader, also where nobody closes it. */
  #keepPool(pool: WorkerPool<B>): WorkerPool<B> {
    forgotten.unregister(this);
    forgotten.register(this, pool, this);
    this.#pool = pool;
    return pool;
  }

  #name(indices: readonly number[]): string {
    return indices
      .map(
        (i) => `(${this.dataset.getSampleInfo(i, "participant_id")}, ${this.dataset.getSampleInfo(i, "session_id")})`,
      )
      .join(", ");
  }

  /** Ends the threads that "auto" has started; those that were asked to be persistent stay. */
  async rest(): Promise<void> {
    if (this.config.numWorkers === "auto") await this.close();
  }

  /** Ends persistent workers. The loader can be used again: it then starts new ones. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = null;
    forgotten.unregister(this);
    await pool?.close();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  toDict(): JsonObject {
    return this.config.toDict();
  }

  /** The loader that `toDict` described, over `dataset`. */
  static fromDict<T extends Item>(dict: JsonObject, dataset: DatasetLike<T>): DataLoader<T, LoadedBatch> {
    return new DataLoader(dataset, DataLoaderConfig.fromDict(dict).fields());
  }
}

/** The batch, its images in page-locked memory. */
function pinned<B extends BatchType>(batch: B): B {
  for (const part of partsOf(batch)) part.pinMemory();
  return batch;
}
