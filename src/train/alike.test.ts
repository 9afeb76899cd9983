import { describe, expect, it } from "vitest";
import { MonitorCallback } from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { ranks } from "../run/fixtures/ranks.ts";
import { ComputationalConfig } from "../run/index.ts";
import { Split } from "../split/index.ts";
import { checkAlike, checkSameData } from "./alike.ts";
import { ToyDataset, toyModel, toySplit } from "./fixtures/toy.ts";
import { Trainers } from "./fixtures/trainers.ts";
import type { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const common = { gpu: false, seed: 7 };

/** What one of three processes brings. */
interface Brought {
  readonly trainer?: Trainer;
  readonly split?: ReturnType<typeof toySplit>;
  readonly computational?: ComputationalConfig;
}

/** What each of three processes is told, of which the second brings something else; null: nothing. */
async function told(name: string, other: Brought): Promise<(string | null)[]> {
  const trainer = trainers.make(name);
  const usual = { trainer, split: toySplit(), computational: new ComputationalConfig(common) };
  return await Promise.all(
    ranks(3).map(async (world, rank) => {
      const { trainer, split, computational } = { ...usual, ...(rank === 1 ? other : {}) };
      const { maps, model, metrics, callbacks, optimization } = trainer;
      const parts = { maps, model, metrics, callbacks, optimization, world };
      return await checkAlike(parts, split, computational).then(
        () => null,
        (error: Error) => error.message,
      );
    }),
  );
}

/** Other participants to train on. */
function splitOf(participants: readonly number[]): ReturnType<typeof toySplit> {
  const split = new Split({
    index: 0,
    trainDataset: new ToyDataset(participants),
    valDataset: new ToyDataset([20, 21, 22, 23]),
  });
  split.buildTrainLoader({ batchSize: 4, shuffle: true });
  split.buildValLoader({ batchSize: 2 });
  return split;
}

describe("processes that train together", () => {
  it("go on where they train the same, whatever their loaders' workers and callbacks", async () => {
    const split = toySplit();
    split.buildTrainLoader({ batchSize: 4, shuffle: true, numWorkers: 0 });
    const trainer = trainers.make("other", { callbacks: [new MonitorCallback()] });
    expect(await told("same", { split, trainer })).toEqual([null, null, null]);
  });

  it.each<[string, string, () => Brought]>([
    [
      "another number of epochs",
      "optimization.num_epochs: 10 in rank 0, 3 in rank 1",
      () => ({ trainer: trainers.make("other", { optimization: { numEpochs: 3 } }) }),
    ],
    [
      "another network",
      "model.network.mlp_args.dropout: 0.3 in rank 0, 0.5 in rank 1",
      () => ({ trainer: trainers.make("other", { model: toyModel({ dropout: 0.5 }) }) }),
    ],
    [
      "other metrics",
      "metrics.mae",
      () => ({
        trainer: trainers.make("other", { metrics: { loss: new LossMetricConfig(), mae: new MAEMetricConfig() } }),
      }),
    ],
    [
      "another seed",
      "computational.seed: 7 in rank 0, 8 in rank 1",
      () => ({ computational: new ComputationalConfig({ ...common, seed: 8 }) }),
    ],
    [
      "batches of another size",
      "training.loader.batch_size: 4 in rank 0, 5 in rank 1",
      () => ({ split: toySplit({ batchSize: 5 }) }),
    ],
    ["another split", "split: 0 in rank 0, 1 in rank 1", () => ({ split: toySplit({ index: 1 }) })],
    ["fewer participants", "the training data: another number of rows", () => ({ split: splitOf([0, 1, 2, 3]) })],
    [
      "participants in another order",
      "the training data: other values of 'participant_id'",
      () => ({ split: splitOf([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]) }),
    ],
  ])("are told of %s, all of them", async (_, line, other) => {
    const words = await told("main", other());
    expect(new Set(words).size).toBe(1);
    expect(words[0]).toContain("Rank 1 of 3 does not train what rank 0 does:");
    expect(words[0]).toContain(line);
  });
});

describe("processes that evaluate together", () => {
  /** What each of two processes is told, of which the second brings other data, or is asked something else. */
  async function toldOf(participants: readonly number[], asked: string): Promise<(string | null)[]> {
    return await Promise.all(
      ranks(2).map(async (world, rank) => {
        const dataset = new ToyDataset(rank === 1 ? participants : [0, 1, 2, 3]);
        const given = { groupName: rank === 1 ? asked : "test" };
        return await checkSameData(world, new DataLoader(dataset, { batchSize: 2 }), given).then(
          () => null,
          (error: Error) => error.message,
        );
      }),
    );
  }

  it("go on where they have the same data", async () => {
    expect(await toldOf([0, 1, 2, 3], "test")).toEqual([null, null]);
  });

  it.each([
    ["another group", [0, 1, 2, 3], "tset", 'groupName: "test" in rank 0, "tset" in rank 1'],
    ["other participants", [0, 1, 2, 4], "test", "the data: other values of 'participant_id'"],
    ["fewer participants", [0, 1, 2], "test", "the data: another number of rows"],
  ])("are told of %s, all of them", async (_, participants, asked, line) => {
    const words = await toldOf(participants, asked);
    expect(new Set(words).size).toBe(1);
    expect(words[0]).toMatch(/^Rank 1 of 2 does not evaluate what rank 0 does:/);
    expect(words[0]).toContain(line);
    expect(words[0]).toContain("Nothing was evaluated.");
  });
});
