import { type BatchType, disposeBatch, partsOf } from "../data/dataloader/index.ts";
import { type Losses, type LossWeight, type Model, namedLosses, type Shares } from "../models/index.ts";
import type { World } from "../run/index.ts";
import { Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

/**
 * The batches in groups of `size`, whose gradients make one step; the last group may be shorter. A group is loaded
 * before it is given, because the weight of each batch depends on how many samples the whole has.
 */
export async function* accumulationWindows(
  batches: AsyncIterable<BatchType>,
  size: number,
): AsyncGenerator<BatchType[], void> {
  let window: BatchType[] = [];
  try {
    for await (const batch of batches) {
      window.push(batch);
      if (window.length < size) continue;
      const full = window;
      window = [];
      yield full;
    }
    if (window.length > 0) {
      const last = window;
      window = [];
      yield last;
    }
  } finally {
    for (const batch of window) disposeBatch(batch);
  }
}

/** What the losses of a batch count for. */
export interface Counts {
  /** Among other batches: by samples (of the first part), unless the model says otherwise. Empty where there are no others. */
  readonly weights: Shares;
  /** Of 1, in its window; null: the batch is a window by itself. */
  readonly shares: Shares | null;
}

/**
 * What each loss of each batch counts for in its window. Where several processes train together, the window is made of the batches of
 * all of them. The model is asked once for each batch, since what it does for it may be a pass of a network.
 */
export async function countsInWindow(window: readonly BatchType[], model: Model, world: World): Promise<Counts[]> {
  if (window.length === 1 && world.size === 1) return [{ weights: {}, shares: null }];
  const own = window.map((batch) => weightsOf(batch, model));
  const all = world.size === 1 ? own : (await world.gather(own)).flat();
  return own.map((weights) => {
    const shares = Object.keys(weights).map((name) => [name, shareOf(name, weights, all)] as const);
    return { weights, shares: Object.fromEntries(shares) };
  });
}

/** What each loss of a batch counts for among others. */
function weightsOf(batch: BatchType, model: Model): Readonly<Record<string, number>> {
  const names = Object.keys(model.getLossFunctions());
  const weight: LossWeight = model.lossWeight(batch) ?? partsOf(batch)[0]?.length ?? 0;
  if (typeof weight === "number") return Object.fromEntries(names.map((name) => [name, weight]));
  const missing = names.filter((name) => !(name in weight));
  if (missing.length === 0) return weight;
  throw new ConfigError(
    `${model.constructor.name}.lossWeight gives weights of ${Object.keys(weight).join(", ")}, and none of ${missing.join(", ")}. Give each loss of getLossFunctions one.`,
  );
}

/** NaN where nothing counts in any of them, as the mean of nothing. */
function shareOf(name: string, one: Shares, all: readonly Shares[]): number {
  return (one[name] ?? 0) / all.reduce((sum, other) => sum + (other[name] ?? 0), 0);
}

/** What a process has of the losses of a batch. */
export interface PartOfLosses {
  /** Read when they are looked at. */
  readonly losses: Readonly<Record<string, number>>;
  /** What each of them counts for. */
  readonly weights: Shares;
}

/** What each process has, by rank. */
export async function partsOfAll(world: World, part: PartOfLosses): Promise<readonly PartOfLosses[]> {
  return world.size === 1 ? [part] : await world.gather(readNow(part));
}

/** The same with losses that are read, to be sent. */
export function readNow({ losses, weights }: PartOfLosses): PartOfLosses {
  return { losses: { ...losses }, weights };
}

/** The losses of the batch that several processes have each a part of: means by what each part counts for, or sums. */
export function lossesOfAll(parts: readonly PartOfLosses[], model: Model): Readonly<Record<string, number>> {
  const [{ losses } = { losses: {} }] = parts;
  if (parts.length === 1) return losses;
  const weights = parts.map((part) => part.weights);
  const functions = model.getLossFunctions();
  const all = Object.keys(losses).map((name) => {
    const summed = functions[name]?.reduction === "sum";
    const of = (part: (typeof parts)[number]) =>
      (part.losses[name] ?? Number.NaN) * (summed ? 1 : shareOf(name, part.weights, weights));
    return [name, parts.reduce((sum, part) => sum + of(part), 0)] as const;
  });
  return Object.fromEntries(all);
}

/**
 * Losses such that the sum of their gradients over the window is the gradient of the window as one batch: a mean over a
 * batch counts by its share of the window; a sum counts as it is.
 */
export function weightedLosses(loss: Losses, model: Model, shares: Shares | null): Losses {
  if (shares === null) return loss;
  const functions = model.getLossFunctions();
  const weighted = Object.entries(namedLosses(loss, model)).map(
    ([name, value]) => [name, functions[name]?.reduction === "sum" ? value : value.mul(shares[name] ?? 1)] as const,
  );
  const [first] = weighted;
  return loss instanceof Tensor && first !== undefined ? first[1] : Object.fromEntries(weighted);
}
