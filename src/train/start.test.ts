import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Callback, EarlyStoppingCallback, LRSchedulerCallback, ModelCheckpointCallback } from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { StepLRConfig } from "../optim/index.ts";
import { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import { DETERMINISTIC, GLOBAL_SEED, seedEverythingContext } from "../utils/seed.ts";
import { ToyDataset, toyModel, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import type { TrainOptions } from "./options.ts";
import type { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 1 };
const recorded = (name: string) => JSON.parse(trainers.text(name, "training/split-0/computational.json"));

describe("train(split)", () => {
  it("works without a set-up, and records the one that was chosen (D1, D2)", async () => {
    const trainer = trainers.make("plain", { optimization });
    await trainer.train(toySplit());
    const gpu = torch.cuda.isAvailable();
    expect(recorded("plain")).toEqual({
      gpu,
      non_blocking: true,
      amp: gpu,
      channels_last: true,
      seed: null,
      deterministic: false,
    });
    trainer.maps.read();
  });

  it("takes seed and determinism of the process", async () => {
    {
      using _seed = seedEverythingContext(7, { deterministic: true });
      await trainers.make("global", { optimization }).train(toySplit(), { computational: { gpu: false } });
      await trainers
        .make("own", { optimization })
        .train(toySplit(), { computational: { gpu: false, seed: 8, deterministic: false } });
    }
    expect(recorded("global")).toMatchObject({ seed: 7, deterministic: true });
    expect(recorded("own")).toMatchObject({ seed: 8, deterministic: false });
    expect([process.env[GLOBAL_SEED], process.env[DETERMINISTIC]]).toEqual([undefined, undefined]);
  });

  it("restores random streams and determinism when it ends, and when it fails", async () => {
    const drawn = () => {
      using x = torch.rand([1]);
      return x.item();
    };
    class Fails extends Callback {
      override onEpochStart(): void {
        expect(torch.areDeterministicAlgorithmsEnabled()).toBe(true);
        throw new Error("failed");
      }
    }
    torch.manualSeed(3);
    const expected = [drawn(), drawn(), drawn()];
    const trainer = trainers.make("restored", { optimization });
    const failing = trainers.make("failing", { optimization, callbacks: [new Fails()] });
    torch.manualSeed(3);
    const got = [drawn()];
    await trainer.train(toySplit(), { computational });
    got.push(drawn());
    await expect(failing.train(toySplit(), { computational })).rejects.toThrow("failed");
    got.push(drawn());
    expect(got).toEqual(expected);
    expect(torch.areDeterministicAlgorithmsEnabled()).toBe(false);
  });

  it("gives the same weights for the same seed, and others for another (D72: the weights it came with do not count)", async () => {
    const final = async (name: string, seed: number, fill: number) => {
      const model = toyModel();
      {
        using _scope = torch.scope();
        using _grad = torch.noGrad();
        for (const parameter of model.parameters()) parameter.fill_(fill);
      }
      await trainers
        .make(name, { model, optimization })
        .train(toySplit(), { computational: { ...computational, seed } });
    };
    await final("one", 1, 5);
    await final("same", 1, 0);
    await final("other", 2, 5);
    expect(trainers.differences("one", "same")).toEqual([]);
    expect(trainers.differences("one", "other")).toContain("models/final/model.pt");
  });

  it("begins with the weights that the model came with for each split, if resetModel is false (D72)", async () => {
    class Watch extends Callback {
      readonly means: number[] = [];
      override onEpochStart({ model, state }: Parameters<Callback["onEpochStart"]>[0]): void {
        if (state.currentEpoch > 1) return;
        using _scope = torch.scope();
        this.means.push(...[...model.parameters()].map((parameter) => parameter.detach().mean().item()));
      }
    }
    const model = toyModel();
    {
      using _scope = torch.scope();
      using _grad = torch.noGrad();
      for (const parameter of model.parameters()) parameter.fill_(0.25);
    }
    const watch = new Watch();
    const trainer = trainers.make("kept", {
      model,
      optimization: { numEpochs: 2, resetModel: false },
      callbacks: [watch],
    });
    await trainer.train(toySplit(), { computational });
    await trainer.train(toySplit({ index: 1 }), { computational });
    expect(watch.means.length).toBe(2 * [...model.parameters()].length);
    expect(new Set(watch.means)).toEqual(new Set([0.25]));
  });
});

describe("a start that fails (D3)", () => {
  /** The directory as it was, and a split that is trained. */
  async function expectUntouched(trainer: Trainer, act: () => Promise<void>, message: RegExp): Promise<void> {
    await trainer.train(toySplit({ index: 1 }), { computational });
    const files = () =>
      readdirSync(trainer.maps.path, { recursive: true, encoding: "utf8" })
        .filter((f) => !f.endsWith(".lock"))
        .sort();
    const before = files();
    const summary = trainers.text("maps", "training/split-1/summary.log");
    await expect(act()).rejects.toThrow(message);
    expect(files()).toEqual(before);
    // not even the summary of the split before says anything (D73)
    expect(trainers.text("maps", "training/split-1/summary.log")).toBe(summary);
    trainer.maps.read();
    await trainer.validate({ splitIdx: 1, metrics: ["loss"], dataloader: toySplit().valLoader });
  }

  it.each<[string, () => Split, TrainOptions, RegExp]>([
    [
      "without loaders",
      () => new Split({ index: 0, trainDataset: new ToyDataset([1]), valDataset: new ToyDataset([2]) }),
      {},
      /no training loader/,
    ],
    ["with an unknown metric", () => toySplit(), { metrics: ["accuracy"] }, /no metric 'accuracy'.*'loss'/],
    ["with a misspelt option", () => toySplit(), { computation: {} } as TrainOptions, /unknown option 'computation'/],
    ["with a misspelt option of the set-up", () => toySplit(), { computational: { gpus: 1 } as never }, /'gpus'/],
    ["with a seed that is none", () => toySplit(), { computational: { seed: -1 } }, /'seed' got -1/],
    [
      "with participants in both sets",
      () => {
        const split = new Split({ index: 0, trainDataset: new ToyDataset([1, 2]), valDataset: new ToyDataset([2, 3]) });
        split.buildTrainLoader();
        split.buildValLoader();
        return split;
      },
      {},
      /sub-2 is in both/,
    ],
    [
      "without participants",
      () => {
        const split = new Split({ index: 0, trainDataset: new ToyDataset([1]), valDataset: new ToyDataset([]) });
        split.buildTrainLoader();
        split.buildValLoader();
        return split;
      },
      {},
      /validation data are empty/,
    ],
  ])("%s leaves everything as it was", async (_, split, options, message) => {
    const trainer = trainers.make("maps", { optimization });
    await expectUntouched(trainer, () => trainer.train(split(), { computational, ...options }), message);
    // and can be repeated
    await trainer.train(toySplit(), { computational });
  });

  it.skipIf(torch.cuda.isAvailable())("for want of a GPU leaves everything as it was (D2)", async () => {
    const trainer = trainers.make("maps", { optimization });
    const gpu = { computational: { gpu: true } };
    await expectUntouched(trainer, () => trainer.train(toySplit(), gpu), /'gpu' is true, but .*gpu: false/s);
    const dataloader = new DataLoader(new ToyDataset([30, 31]), { batchSize: 2 });
    const test = { modelCheckpoint: "split-1_final", groupName: "g", dataloader };
    await expect(trainer.test({ ...test, ...gpu })).rejects.toThrow(/'gpu' is true/);
    expect(existsSync(trainer.maps.test.path)).toBe(false);
    await trainer.test({ ...test, computational });
  });

  it.each<[string, Callback, RegExp]>([
    ["ModelCheckpointCallback", new ModelCheckpointCallback({ metric: "auc" }), /no metric 'auc'/],
    ["EarlyStoppingCallback", new EarlyStoppingCallback({ metric: ["loss", "auc"] }), /no metric 'auc'/],
    [
      "LRSchedulerCallback",
      new LRSchedulerCallback({ scheduler: new StepLRConfig({ stepSize: 1 }), optimizerName: "adam" }),
      /'optimizerName' is 'adam', but the model's optimizers are optimizer/,
    ],
  ])("in %s can be repeated, and leaves a MAPS that can be read", async (_, callback, message) => {
    await expect(
      trainers.make("maps", { optimization, callbacks: [callback] }).train(toySplit(), { computational }),
    ).rejects.toThrow(message);
    const trainer = await trainers.fromMaps("maps", { callbacks: [] });
    await trainer.train(toySplit(), { computational });
    expect(trainers.text("maps", "training/split-0/summary.log")).toMatch(/completed after 1 epochs/);
  });
});

describe("train, a second time", () => {
  it("is refused for a split that was trained, and for one that was interrupted", async () => {
    class Fails extends Callback {
      override onEpochStart(): void {
        throw new Error("failed");
      }
    }
    const trainer = trainers.make("maps", { optimization, callbacks: [new Fails()] });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(
      /training on split 0 already.*deleteSplit\(0\).*resume\(\{ splitIdx: 0 \}\)/,
    );
    trainer.maps.deleteSplit(0);
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("failed");
  });
});
