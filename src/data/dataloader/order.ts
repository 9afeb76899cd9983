import * as torch from "../../torch/index.ts";
import { show } from "../../utils/config.ts";
import { ConfigError, DataFrameError } from "../../utils/exceptions.ts";
import { type DatasetLike, oddCell } from "../datasets/index.ts";

export interface OrderOptions {
  readonly shuffle: boolean;
  readonly samplingWeights: string | null;
  /** The order follows from seed + epoch alone. */
  readonly seed: number;
  readonly epoch: number;
}

/**
 * The numbers of the samples in the order in which they are loaded: as they are; shuffled as PyTorch's DistributedSampler
 * does (`randperm` seeded with seed + epoch); or drawn with replacement by the weights in a column.
 * @throws DataFrameError when there is no such column, or a weight is no number ≥ 0, or none is above 0.
 */
export function sampleOrder(dataset: DatasetLike, { shuffle, samplingWeights, seed, epoch }: OrderOptions): number[] {
  const n = dataset.length;
  if (samplingWeights === null && !shuffle) return Array.from({ length: n }, (_, i) => i);
  const generator = new torch.Generator("cpu").manualSeed(seed + epoch);
  if (samplingWeights === null) {
    using order = torch.randperm(n, { generator });
    return Array.from(order.toTypedArray(), Number);
  }
  using weights = torch.tensor(sampleWeights(dataset, samplingWeights), { dtype: "float64" });
  using drawn = torch.multinomial(weights, n, true, { generator });
  return Array.from(drawn.toTypedArray(), Number);
}

/** The weights of all samples. @throws DataFrameError as {@link sampleOrder} */
export function sampleWeights(dataset: DatasetLike, column: string): number[] {
  const weights = Array.from({ length: dataset.length }, (_, i) => {
    const weight = dataset.getSampleInfo(i, column);
    if (typeof weight !== "number" || !Number.isFinite(weight) || weight < 0) {
      // one word makes a column of numbers text: it is the word that is wrong
      const odd = typeof weight === "string" ? oddCell(dataset.df, column) : null;
      const [participant, session, value] =
        odd === null
          ? [dataset.getSampleInfo(i, "participant_id"), dataset.getSampleInfo(i, "session_id"), weight]
          : [odd.row.participant_id, odd.row.session_id, odd.value];
      throw new DataFrameError(
        `(${participant}, ${session}): the sampling weight '${column}' is ${show(value)}; a number of at least 0 is needed.`,
      );
    }
    return weight;
  });
  if (!weights.some((weight) => weight > 0)) throw new DataFrameError(`The sampling weights '${column}' are all 0.`);
  return weights;
}

/** Which part of the samples a process loads, where several train or evaluate together. */
export interface Share {
  readonly rank: number;
  readonly size: number;
  /**
   * `"batches"`: a part of each batch, for training: the batches of all processes together are those of one process with a
   * batch size `size` times as large. `"dataset"`: consecutive samples, for an evaluation.
   */
  readonly of: "batches" | "dataset";
}

/** The samples of one process. */
export const ALL: Share = { rank: 0, size: 1, of: "batches" };

/**
 * The order cut into batches, as far as they are this process's.
 * @throws ConfigError when a last batch has fewer samples than there are processes, each of which needs one.
 */
export function cutBatches(
  order: readonly number[],
  { batchSize, dropLast }: { readonly batchSize: number; readonly dropLast: boolean },
  share: Share = ALL,
): number[][] {
  const { rank, size, of } = share;
  if (of === "batches") checkParts(order.length, { batchSize, dropLast }, size);
  const together = of === "batches" ? batchSize * size : batchSize;
  const mine = of === "batches" ? order : partOf(order, rank, size);
  const batches: number[][] = [];
  for (let start = 0; start < mine.length; start += together) {
    const batch = mine.slice(start, start + together);
    if (batch.length < together && dropLast) continue;
    batches.push(of === "batches" ? partOf(batch, rank, size) : batch);
  }
  return batches;
}

/** @throws ConfigError when a last batch has fewer samples than there are processes, each of which needs one. */
export function checkParts(
  samples: number,
  { batchSize, dropLast }: { readonly batchSize: number; readonly dropLast: boolean },
  size: number,
): void {
  const last = samples % (batchSize * size);
  if (dropLast || last === 0 || last >= size) return;
  throw new ConfigError(
    `The last batch has ${last} sample(s) for ${size} processes, each of which needs one. Choose another batchSize, or dropLast: true.`,
  );
}

/** How many batches {@link cutBatches} gives of so many samples. */
export function countBatches(
  samples: number,
  { batchSize, dropLast }: { readonly batchSize: number; readonly dropLast: boolean },
  { rank, size, of }: Share = ALL,
): number {
  const [from, to] = of === "batches" ? [0, samples] : boundsOf(samples, rank, size);
  const batches = (to - from) / (of === "batches" ? batchSize * size : batchSize);
  return dropLast ? Math.floor(batches) : Math.ceil(batches);
}

/**
 * Where the part of a rank begins and ends, where each of `size` processes evaluates its part of a data set.
 * @example
 * ```ts
 * console.log(boundsOf(10, 1, 3)); // → [ 3, 6 ]
 * ```
 */
export function boundsOf(length: number, rank: number, size: number): [from: number, to: number] {
  return [Math.floor((length * rank) / size), Math.floor((length * (rank + 1)) / size)];
}

/** Consecutive elements, as many for each rank, but for one. */
function partOf(all: readonly number[], rank: number, size: number): number[] {
  return all.slice(...boundsOf(all.length, rank, size));
}
