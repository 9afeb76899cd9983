import { type BatchType, disposeBatch, partsOf } from "../data/dataloader/index.ts";
import { type Losses, type Model, namedLosses } from "../models/index.ts";
import type { World } from "../run/index.ts";
import { Tensor } from "../torch/index.ts";

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

/**
 * What each batch counts for in its window, of 1: by its samples (of the first part), unless the model says otherwise. Where
 * several processes train together, the window is made of the batches of all of them.
 */
export async function sharesInWindow(window: readonly BatchType[], model: Model, world: World): Promise<number[]> {
  if (window.length === 1 && world.size === 1) return [1];
  const weights = window.map((batch) => weightOf(batch, model));
  const all = world.size === 1 ? weights : (await world.gather(weights)).flat();
  const total = all.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** What a batch counts for among others. */
function weightOf(batch: BatchType, model: Model): number {
  return model.lossWeight(batch) ?? partsOf(batch)[0]?.length ?? 0;
}

/** What a process has of the losses of a batch. */
export interface PartOfLosses {
  /** Read when they are looked at. */
  readonly losses: Readonly<Record<string, number>>;
  /** What they count for. */
  readonly weight: number;
}

export function partOfLosses(
  losses: Readonly<Record<string, number>>,
  batch: BatchType,
  { model, world }: { readonly model: Model; readonly world: World },
): PartOfLosses {
  return { losses, weight: world.size === 1 ? 1 : weightOf(batch, model) };
}

/** What each process has, by rank. */
export async function partsOfAll(world: World, part: PartOfLosses): Promise<readonly PartOfLosses[]> {
  return world.size === 1 ? [part] : await world.gather(readNow(part));
}

/** The same with losses that are read, to be sent. */
export function readNow({ losses, weight }: PartOfLosses): PartOfLosses {
  return { losses: { ...losses }, weight };
}

/** The losses of the batch that several processes have each a part of: means by what each part counts for, or sums. */
export function lossesOfAll(parts: readonly PartOfLosses[], model: Model): Readonly<Record<string, number>> {
  const [{ losses } = { losses: {} }] = parts;
  if (parts.length === 1) return losses;
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const functions = model.getLossFunctions();
  const all = Object.keys(losses).map((name) => {
    const summed = functions[name]?.reduction === "sum";
    const of = (part: (typeof parts)[number]) => (part.losses[name] ?? Number.NaN) * (summed ? 1 : part.weight / total);
    return [name, parts.reduce((sum, part) => sum + of(part), 0)] as const;
  });
  return Object.fromEntries(all);
}

/**
 * Losses such that the sum of their gradients over the window is the gradient of the window as one batch: a mean over a
 * batch counts by its share of the window; a sum counts as it is.
 */
export function weightedLosses(loss: Losses, model: Model, share: number): Losses {
  if (share === 1) return loss;
  const functions = model.getLossFunctions();
  const weighted = Object.entries(namedLosses(loss, model)).map(
    ([name, value]) => [name, functions[name]?.reduction === "sum" ? value : value.mul(share)] as const,
  );
  const [first] = weighted;
  return loss instanceof Tensor && first !== undefined ? first[1] : Object.fromEntries(weighted);
}
