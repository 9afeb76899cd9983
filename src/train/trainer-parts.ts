import type { CallbacksHandler } from "../callbacks/index.ts";
import type { DataLoader } from "../data/dataloader/index.ts";
import type { Maps } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import type { Model } from "../models/index.ts";
import type { OptimizationConfig } from "../optim/index.ts";
import type { ComputationalConfig, RunLog, TrainerState, World } from "../run/index.ts";
import { keepGoing } from "../utils/output.ts";
import { seedEverythingContext } from "../utils/seed.ts";

/** What a Trainer is made of, and the log of its run. */
export interface TrainerParts {
  readonly maps: Maps;
  readonly model: Model;
  readonly metrics: MetricsHandler;
  readonly callbacks: CallbacksHandler;
  readonly optimization: OptimizationConfig;
  readonly state: TrainerState;
  /** Where the BIDS data set is, if it is no longer where the MAPS says. */
  readonly bids: string | null;
  readonly log: RunLog;
  /** The processes that train together. */
  readonly world: World;
}

/**
 * Runs `body` with the seed of the set-up, and tells the callbacks of errors. A standard error or output that cannot be
 * written to does not end it. At its end the threads that the loaders have started by themselves end.
 */
export async function runSeeded(
  { model, maps, state, callbacks, log, world }: TrainerParts,
  { seed, deterministic }: ComputationalConfig,
  loaders: readonly DataLoader[],
  body: () => Promise<void>,
): Promise<void> {
  using _output = keepGoing();
  using _seed = seed === null ? null : seedEverythingContext(seed, { deterministic });
  try {
    await body();
  } catch (exception) {
    await callbacks.tellException({ exception, model, maps, state, log, world });
    throw exception;
  } finally {
    await Promise.all(loaders.map((loader) => loader.rest()));
  }
}
