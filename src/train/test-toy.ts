/** For tests: a data set in memory, whose labels a small network can learn, with augmentation. */

import type { Dataset, Selection } from "../data/datasets/index.ts";
import { Sample, ScalarImage } from "../data/structures/index.ts";
import { BidsFileType } from "../io/bids/index.ts";
import type { Cell, Row } from "../io/tsv/index.ts";
import { BCEWithLogitsLossConfig } from "../losses/index.ts";
import { SupervisedModel } from "../models/index.ts";
import { CNNConfig } from "../networks/index.ts";
import { AdamConfig } from "../optim/index.ts";
import { Split } from "../split/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { Rng } from "../utils/random/rng.ts";

const SIZE = 8;
const fileType = new BidsFileType({ suffix: "T1w" });

/** Participants by number: odd ones are brighter, and have the label 1. */
export class ToyDataset implements Dataset {
  readonly df: readonly Row[];
  evalMode = false;
  epoch = 0;
  seed = 0;
  /** Samples of this participant are NaN. */
  readonly broken: number | null;

  constructor(participants: readonly number[], broken: number | null = null) {
    this.df = participants.map((id) => ({ participant_id: `sub-${id}`, session_id: "ses-M000", label: id % 2, id }));
    this.broken = broken;
  }
  get length(): number {
    return this.df.length;
  }
  async get(index: number): Promise<Sample> {
    const { id = 0, label = 0 } = this.df[index] ?? {};
    const voxels = new Float32Array(SIZE ** 3);
    const rng = new Rng(1, Number(id));
    // the augmentation of (seed, epoch, sample)
    const noise = new Rng(this.seed, this.epoch, index);
    for (let i = 0; i < voxels.length; i++) {
      voxels[i] = rng.normal() + (Number(label) - 0.5) + (this.evalMode ? 0 : 0.1 * noise.normal());
    }
    if (this.broken === id) voxels.fill(Number.NaN);
    return new Sample({
      image: new ScalarImage(torch.fromTypedArray(voxels, [1, SIZE, SIZE, SIZE]).keep()),
      participantId: `sub-${id}`,
      sessionId: "ses-M000",
      fields: { label: Number(label) },
      fileType,
      imagePath: `sub-${id}.nii.gz`,
    });
  }
  train(): void {
    this.evalMode = false;
  }
  eval(): void {
    this.evalMode = true;
  }
  setEpoch(epoch: number): void {
    this.epoch = epoch;
  }
  setSeed(seed: number): void {
    this.seed = seed;
  }
  getParticipantSessionCouples(): [string, string][] {
    return this.df.map((row) => [String(row.participant_id), String(row.session_id)]);
  }
  getSampleInfo(index: number, column: string): Cell {
    return this.df[index]?.[column] ?? null;
  }
  subset(_: Selection): Dataset {
    return this;
  }
  toWorker(): unknown {
    throw new Error("a toy stays in its thread");
  }
  toDict(): JsonObject {
    return { name_: "ToyDataset", data: this.df.map((row) => String(row.participant_id)) };
  }
}

/** 10 participants to train on, in batches of 4, and 4 to validate. */
export function toySplit({ index = 0, broken = null as number | null, shuffle = true, batchSize = 4 } = {}): Split {
  const split = new Split({
    index,
    trainDataset: new ToyDataset([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], broken),
    valDataset: new ToyDataset([20, 21, 22, 23]),
  });
  split.buildTrainLoader({ batchSize, shuffle });
  split.buildValLoader({ batchSize: 2 });
  return split;
}

/** A small CNN with BatchNorm and dropout. */
export function toyModel({ dropout = 0.3 } = {}): SupervisedModel {
  return new SupervisedModel({
    network: new CNNConfig({
      inShape: [1, SIZE, SIZE, SIZE],
      numOutputs: 1,
      convArgs: { channels: [4, 8] },
      mlpArgs: { hiddenDims: [8], dropout },
    }),
    loss: new BCEWithLogitsLossConfig(),
    optimizer: new AdamConfig({ lr: 0.01 }),
  });
}
