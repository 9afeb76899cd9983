import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { BCEWithLogitsLossConfig } from "../losses/index.ts";
import { SupervisedModel } from "../models/index.ts";
import { ResNetConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import { ComputationalConfig } from "../run/index.ts";
import { toyModel, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { checkRecomputation } from "./recomputation.ts";

const trainers = Trainers.forEachTest();

function residual(): SupervisedModel {
  const network = {
    spatialDims: 3 as const,
    inChannels: 1,
    numOutputs: 1,
    nResBlocks: [1],
    nFeatures: [8],
    initConvStride: 1,
  };
  return new SupervisedModel({
    network: new ResNetConfig(network),
    loss: new BCEWithLogitsLossConfig(),
    optimizer: new AdamConfig({ lr: 0.01 }),
  });
}

it("a training whose blocks are computed again is the same to the last bit, and goes on so", async () => {
  const optimization = { numEpochs: 2 };
  const recomputed = { computational: { ...computational, checkpointing: true } };
  await trainers.make("kept", { model: residual(), optimization }).train(toySplit(), { computational });
  const trainer = trainers.make("again", { model: residual(), optimization });
  await trainer.train(toySplit(), recomputed);
  expect(trainers.differences("kept", "again")).toEqual([]);
  expect([...trainer.model.modules()].filter(({ checkpointing }) => checkpointing)).toEqual([]);

  const record = (...path: readonly string[]) => JSON.parse(trainers.text("again", "training", "split-0", ...path));
  expect(record(".clinicadl-ts", "computational.json")).toEqual({ checkpointing: true });
  expect(record("computational.json")).toEqual(new ComputationalConfig(computational).toDict());
});

it("a network without blocks, and a GPU, are refused before anything is written", async () => {
  const trainer = trainers.make("maps", { optimization: { numEpochs: 1 } });
  await expect(trainer.train(toySplit(), { computational: { ...computational, checkpointing: true } })).rejects.toThrow(
    /has no block that is known here/,
  );
  expect(existsSync(trainers.path("maps", "training", "split-0"))).toBe(false);
  using model = toyModel();
  const config = new ComputationalConfig({ gpu: true, checkpointing: true });
  expect(() => checkRecomputation(config, model)).toThrow(/on CPUs only/);
});
