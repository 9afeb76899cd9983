import type { Model } from "../models/index.ts";
import type * as torch from "../torch/index.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { alone, type Compression, type GradientSum } from "./gradient-sum.ts";

/**
 * The processes that train one model together, each with its share of every batch. This is the one place that knows how many
 * there are: the order of samples, the weight of a batch, gradients, metrics, files, signals and early stopping ask it.
 *
 * The methods are called by all processes, at the same point and in the same order; each waits for the others.
 */
export interface World {
  /** Which of them this is, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** Whether this is the one that writes the MAPS and speaks to the user: that of rank 0. */
  readonly isMain: boolean;
  /** Waits until all are here. */
  barrier(): Promise<void>;
  /** Puts into each of the tensors the sum of those that the processes gave. */
  allReduce(tensors: readonly torch.Tensor[]): Promise<void>;
  /** What makes the gradients of a model those of all processes. @param compression as what they are sent. */
  gradientSum(model: Model, compression: Compression): GradientSum;
  /**
   * Shards the weights of a model over the processes, from its `shard` on; null where there is nobody else.
   * @throws ConfigError for a model on a GPU.
   */
  shards(model: Model): torch.nn.parallel.Shards | null;
  /** Puts into each of the tensors what those of the main process hold. */
  shareTensors(tensors: readonly torch.Tensor[]): Promise<void>;
  /** What all of them gave, by rank. */
  gather<T>(value: T): Promise<T[]>;
  /** What the main process gave. */
  broadcast<T>(value: T): Promise<T>;
  /** Tells the others that this one goes no further because of an error: what they wait for fails. */
  leave(message: string): Promise<void>;
}

/** The world of a training on one machine, in one process. */
export class SingleProcess implements World {
  readonly rank = 0;
  readonly size = 1;
  readonly isMain = true;
  async barrier(): Promise<void> {}
  async allReduce(): Promise<void> {}
  gradientSum(): GradientSum {
    return alone;
  }
  shards(): null {
    return null;
  }
  async shareTensors(): Promise<void> {}
  async gather<T>(value: T): Promise<T[]> {
    return [value];
  }
  async broadcast<T>(value: T): Promise<T> {
    return value;
  }
  async leave(): Promise<void> {}
}

/**
 * Does what each process does for itself, such as its checks; an error in one of them is one in all.
 * @throws what `body` throws here; elsewhere, an error that names the process and its error.
 */
export async function together<T>(world: World, body: () => T | Promise<T>): Promise<T> {
  if (world.size === 1) return await body();
  let outcome: { readonly value: T } | { readonly error: unknown };
  try {
    outcome = { value: await body() };
  } catch (error) {
    outcome = { error };
  }
  const failed = "error" in outcome ? outcome : null;
  const errors = await world.gather(failed === null ? null : messageOf(failed.error)).catch((lost: unknown) => {
    // the others are gone: what went wrong here comes first
    throw failed === null ? lost : failed.error;
  });
  if ("error" in outcome) throw outcome.error;
  const rank = errors.findIndex((message) => message !== null);
  if (rank >= 0) throw new ClinicaDLException(errorIn(world, rank, errors[rank]));
  return outcome.value;
}

/** Does in the main process what makes files, and then in the others, which find them. @throws as {@link together}. */
export async function mainFirst<T>(world: World, body: () => T | Promise<T>): Promise<T> {
  if (world.size === 1) return await body();
  const here = async (isMain: boolean) => (world.isMain === isMain ? [await body()] : []);
  const found = [...(await together(world, () => here(true))), ...(await together(world, () => here(false)))];
  const [value] = found;
  if (found.length !== 1 || value === undefined) throw new Error("mainFirst: one of the two calls gives the value");
  return value;
}

/** How often a process says that it still works, to those that wait for it. */
const BEAT_MS = 60_000;
/** What it says then: no message of an error. */
const STILL = "\u0000";

/**
 * Lets each process do its own share of a long work, while those that are ready wait, however much longer the others take.
 * @param body gets what it calls between two pieces of its work, which throws where another process has failed meanwhile.
 * @throws what `body` throws here; elsewhere, an error that names the process and its error.
 */
export async function eachItsShare(world: World, body: (check: () => void) => Promise<void>): Promise<void> {
  if (world.size === 1) return await body(() => undefined);
  const elsewhere: unknown[] = [];
  /** @returns whether all are ready. */
  const speak = async (word: string | null): Promise<boolean> => {
    const words = await world.gather(word);
    const rank = words.findIndex((said) => said !== null && said !== STILL);
    if (rank >= 0) elsewhere.push(new ClinicaDLException(errorIn(world, rank, words[rank])));
    return !words.includes(STILL);
  };
  let beat: Promise<unknown> | null = null;
  const beats = setInterval(() => {
    beat ??= speak(STILL)
      .catch((error: unknown) => {
        elsewhere.push(error);
      })
      .finally(() => {
        beat = null;
      });
  }, BEAT_MS);
  let here: { readonly error: unknown } | null = null;
  try {
    await body(() => {
      if (elsewhere.length > 0) throw elsewhere[0];
    });
  } catch (error) {
    here = { error };
  }
  clearInterval(beats);
  await beat;
  // one that ends because of another's error has none of its own
  const own = here !== null && !elsewhere.includes(here.error) ? messageOf(here.error) : null;
  try {
    while (!(await speak(own)));
  } catch (lost) {
    // the others are gone: what went wrong here comes first
    throw here === null ? lost : here.error;
  }
  if (here !== null) throw here.error;
  if (elsewhere.length > 0) throw elsewhere[0];
}

/**
 * Lets the main process do what only one can do, while the others wait for it, however long it takes.
 * @throws as {@link eachItsShare}.
 */
export async function mainOnly(world: World, body: () => Promise<void>): Promise<void> {
  await eachItsShare(world, async () => {
    if (world.isMain) await body();
  });
}

function errorIn(world: World, rank: number, message: string | null | undefined): string {
  return `There was an error in rank ${rank} of ${world.size}: ${message}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether one of the processes says so: what one decides alone, such as to stop, all must do at the same step. */
export async function anyOf(world: World, flag: boolean): Promise<boolean> {
  if (world.size === 1) return flag;
  return (await world.gather(flag)).includes(true);
}
