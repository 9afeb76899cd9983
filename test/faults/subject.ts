/** The small training that the harness interrupts, and what a user does afterwards to go on. */
import { existsSync } from "node:fs";
import { computational, EPOCHS, interruptedParts } from "../../src/train/fixtures/interrupted.ts";
import { toyModel, toySplit } from "../../src/train/fixtures/toy.ts";
import { Trainer } from "../../src/train/index.ts";
import { ClinicaDLException } from "../../src/utils/exceptions.ts";

/** 2 epochs of 3 batches in windows of 2 and 1, so that the checkpoint after the third step is in the middle of an epoch. */
function newTrainer(maps: string, overwrite = false): Trainer {
  return new Trainer({
    maps,
    overwrite,
    model: toyModel(),
    optimization: { numEpochs: EPOCHS, accumulationSteps: 2 },
    ...interruptedParts(3),
  });
}

async function train(maps: string): Promise<void> {
  await newTrainer(maps).train(toySplit(), { computational, signals: false });
}

async function resume(maps: string): Promise<void> {
  await (await Trainer.fromMaps(maps)).resume({ splitIdx: 0, split: toySplit(), signals: false });
}

async function extend(maps: string): Promise<void> {
  const trainer = await Trainer.fromMaps(maps);
  await trainer.resume({ splitIdx: 0, split: toySplit(), numEpochs: EPOCHS + 1, signals: false });
}

async function make(maps: string): Promise<void> {
  newTrainer(maps);
}

async function replace(maps: string): Promise<void> {
  newTrainer(maps, true);
}

const says = (error: unknown, what: RegExp) => error instanceof ClinicaDLException && what.test(error.message);

/** Ends a training that was interrupted, whenever that was: what the messages of the Trainer say, and nothing deleted by hand. */
async function goOn(maps: string): Promise<void> {
  if (!existsSync(maps)) return train(maps);
  const trainer = await Trainer.fromMaps(maps);
  const again = () => trainer.train(toySplit(), { computational, signals: false });
  if (!trainer.maps.training.splitsList.includes(0)) return again();
  try {
    await trainer.resume({ splitIdx: 0, split: toySplit(), signals: false });
  } catch (error) {
    if (says(error, /is complete.*nothing to resume/)) return;
    if (!says(error, /has no checkpoint.*train it again/)) throw error;
    await again();
  }
}

/** Something that is interrupted. */
export interface Scenario {
  /** What makes that which is there before; it is killed at the first call that matches. */
  readonly before: { run(maps: string): Promise<void>; readonly killedAt: RegExp | null } | null;
  run(maps: string): Promise<void>;
  /** What its user does afterwards. */
  goOn(maps: string): Promise<void>;
  /** Whether calls that read fail, too; the others read what they have just written. */
  readonly reads?: true;
}

export const SCENARIOS = {
  train: { before: null, run: train, goOn },
  // as much as there can be to undo: models of epoch 2 are there, its checkpoint is not
  resume: { before: { run: train, killedAt: /^rename.*\/tmp\/epoch-2$/ }, run: resume, goOn, reads: true },
  extend: { before: { run: train, killedAt: null }, run: extend, goOn: extend },
  replace: { before: { run: make, killedAt: null }, run: replace, goOn: replace },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
