/**
 * One of several processes on one MAPS: `node races-worker.ts MAPS` says "ready", does for each line on standard input the
 * call that it holds (JSON, see {@link Call}), and says what came of it ({@link Outcome}).
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { LoggerCallback } from "../../src/callbacks/index.ts";
import { Maps } from "../../src/io/maps/index.ts";
import { ownSplit } from "../../src/train/fixtures/concurrent.ts";
import { toyLoader } from "../../src/train/fixtures/saved.ts";
import { toyModel } from "../../src/train/fixtures/toy.ts";
import { Trainer } from "../../src/train/index.ts";

/** What can be done with a MAPS; `variant` tells which one it is. */
export type Call =
  | { readonly do: "create" | "overwrite"; readonly variant: number }
  | { readonly do: "train" | "validate" | "test" | "predict" | "deleteSplit"; readonly split: number }
  | { readonly do: "remove" };

export type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly name: string; readonly message: string; readonly stack: string };

const computational = { gpu: false, seed: 1 };
const callbacks = () => [new LoggerCallback({ progressBar: false })];

async function act(path: string, call: Call): Promise<void> {
  const maps = new Maps(path);
  switch (call.do) {
    case "create":
    case "overwrite": {
      const model = toyModel();
      try {
        const optimization = { numEpochs: 1, accumulationSteps: call.variant };
        const overwrite = call.do === "overwrite";
        new Trainer({ maps, model, overwrite, optimization, callbacks: callbacks() }).dispose();
      } finally {
        model.dispose();
      }
      return;
    }
    case "remove":
      maps.remove({ nonEmptyOk: true });
      return;
    case "deleteSplit":
      maps.deleteSplit(call.split);
      return;
    default: {
      using trainer = await Trainer.fromMaps(maps, { callbacks: callbacks() });
      await evaluate(trainer, call.do, call.split);
    }
  }
}

async function evaluate(
  trainer: Trainer,
  method: "train" | "validate" | "test" | "predict",
  split: number,
): Promise<void> {
  const group = { modelCheckpoint: `split-${split}_final`, groupName: "g", dataloader: toyLoader([30, 31]) };
  switch (method) {
    case "train":
      return trainer.train(ownSplit(split), { computational });
    case "validate":
      return trainer.validate({ splitIdx: split, metrics: ["loss"], dataloader: ownSplit(split).valLoader });
    case "test":
      return trainer.test({ ...group, computational });
    case "predict":
      return trainer.predict({ ...group, computational, overwrite: true });
  }
}

async function outcomeOf(path: string, call: Call): Promise<Outcome> {
  try {
    await act(path, call);
    return { ok: true };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { ok: false, name: error.name, message: error.message, stack: error.stack ?? "" };
  }
}

if (import.meta.main) {
  const [path = ""] = process.argv.slice(2);
  process.stdout.write("ready\n");
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await outcomeOf(path, JSON.parse(line) as Call))}\n`);
  }
}
