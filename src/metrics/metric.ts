import type { Batch } from "../data/dataloader/index.ts";
import type { Row } from "../io/tsv/index.ts";
import * as torch from "../torch/index.ts";
import type { NeededField } from "./needed-field.ts";

/** Whether a lower or a higher value is better. */
export type Optimum = "min" | "max";

/** Why a metric has no value, or is the value of some samples only. */
export interface Undefined {
  /** The same for the same cause, which is told once. */
  readonly cause: string;
  /** Names participants or classes. */
  readonly message: string;
}

/** Rows of tables beside a value. */
export interface MetricTables {
  /** How many samples, or voxels, with a label were decided to be what: `class` (of several columns), `label`, `predicted`, `n`. */
  readonly confusion_matrix?: readonly Row[];
  /** How often it was so, among what had a certain probability: `lower`, `upper`, `n`, `probability`, `frequency`. */
  readonly reliability?: readonly Row[];
}

/**
 * A measure of a model's outputs, over samples that come in batches.
 *
 * A metric of one's own extends this class: `accumulate` keeps, for each sample, what the result is made of (numbers, not
 * tensors: they stay until `reset`), and `aggregateData` makes the result of any number of samples.
 *
 * @example
 * ```ts
 * class Bias extends Metric<number> {
 *   readonly optimum = "min";
 *   protected accumulate(batch: Batch): number[] {
 *     return batch.getField("output").sub(batch.getField("label")).flatten(1).mean([1]).toNumbers();
 *   }
 *   protected aggregateData(data: readonly number[]): number {
 *     return data.reduce((a, b) => a + b, 0) / data.length;
 *   }
 * }
 * using batch = batchOf([[61], [70]], [[65], [68]]);
 * const bias = new Bias();
 * bias.update(batch);
 * console.log(bias.aggregate()); // → -1
 * ```
 */
export abstract class Metric<T = unknown> {
  abstract readonly optimum: Optimum;
  #data: T[] = [];

  /** What the result is made of, one element per sample of the batch. Tensors made here are disposed of afterwards. */
  protected abstract accumulate(batch: Batch): T[];
  /** The value over these samples (one or more). */
  protected abstract aggregateData(data: readonly T[]): number;

  /** Takes a batch into account. @returns the metric of each sample alone (NaN where one sample defines none). */
  update(batch: Batch): number[] {
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    const data = this.accumulate(batch);
    for (const sample of data) this.#data.push(sample);
    return data.map((sample) => this.aggregateData([sample]));
  }

  /** The metric over all samples since the last `reset`; NaN without any. */
  aggregate(): number {
    return this.valueOn(this.#data);
  }

  /** The metric over some of the `samples`, which may be there more than once; NaN of none. */
  valueOn(samples: readonly T[]): number {
    return samples.length === 0 ? Number.NaN : this.aggregateData(samples);
  }
  /** What it has to tell of the samples since the last `reset` beside its value, which `validate` and `test` write. Default: nothing. */
  tables(): MetricTables {
    return {};
  }

  /** Why the value over the samples since the last `reset` is NaN, or leaves samples out. Default: nothing is known. */
  whyUndefined(): readonly Undefined[] {
    return [];
  }
  /** The fields of the samples that it needs, and which values, as far as is known. */
  neededFields(): readonly NeededField[] {
    return [];
  }

  /** What it has kept of the samples since the last `reset`. */
  get samples(): readonly T[] {
    return this.#data;
  }
  /** Takes these samples in place of its own: those that several processes have evaluated together. */
  takeSamples(samples: readonly T[]): void {
    this.#data = [...samples];
  }

  /** Forgets all samples. */
  reset(): void {
    this.#data = [];
  }

  toString(): string {
    return `<${this.constructor.name} object>`;
  }
}
