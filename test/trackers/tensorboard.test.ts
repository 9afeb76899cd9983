/** What is written for TensorBoard is read back by TensorBoard. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tensorboardPython } from "../../scripts/python-environment.mjs";
import { Callback, type EventArgs, TensorBoardCallback } from "../../src/callbacks/index.ts";
import { crc32c } from "../../src/callbacks/tensorboard/crc32c.ts";
import { readTsv } from "../../src/io/tsv/index.ts";
import { toyModel, toySplit } from "../../src/train/fixtures/toy.ts";
import { computational, Trainers } from "../../src/train/fixtures/trainers.ts";

type Curves = Record<string, [step: number, value: string][]>;
function read(folder: string): Curves {
  const script = join(import.meta.dirname, "read_tensorboard.py");
  return JSON.parse(execFileSync(tensorboardPython(), [script, folder], { encoding: "utf8" }));
}

/** Ends the process's training in an epoch, as an error does. */
class Break extends Callback {
  readonly #epoch: number;
  constructor(epoch: number) {
    super();
    this.#epoch = epoch;
  }
  override onBatchEnd({ state }: EventArgs<"onBatchEnd">): void {
    if (state.currentEpoch === this.#epoch && state.currentTrainBatch === 2) throw new Error("broken off");
  }
}

describe("TensorBoardCallback", () => {
  const trainers = Trainers.forEachTest();

  it("has the losses of every batch and the metrics of every validation, once, also after an interruption", async () => {
    const optimization = { numEpochs: 3 };
    const trainer = trainers.make("maps", { callbacks: [new TensorBoardCallback(), new Break(3)], optimization });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("broken off");
    const resumed = await trainers.fromMaps("maps", { callbacks: [new TensorBoardCallback()] });
    await resumed.resume({ splitIdx: 0, split: toySplit() });
    const split = trainer.maps.training.split(0);
    expect(readdirSync(split.tensorboard).length).toBe(2);

    const curves = read(split.tensorboard);
    const losses = readTsv(split.trainingLossTsv);
    expect(losses.length).toBe(9);
    const name = Object.keys(losses[0] ?? {}).find((key) => key !== "epoch" && key !== "batch") ?? "";
    const single = (value: unknown): string => String(Math.fround(Number(value)));
    expect(curves[`train/${name}`]?.map(([step, value]) => [step, single(value)])).toEqual(
      losses.map((row, i) => [i + 1, single(row[name])]),
    );
    const metrics = readTsv(split.validationMetrics.aggregatedTsv);
    expect(curves["validation/loss"]?.map(([step, value]) => [step, single(value)])).toEqual(
      metrics.map((row, i) => [(i + 1) * 3, single(row.loss)]),
    );
    expect(curves["learning_rate/optimizer"]).toEqual(
      losses.map((_, i) => [i + 1, expect.stringMatching(/^0\.0099999/)]),
    );
    expect(curves[`epoch/${name}`]?.map(([step]) => step)).toEqual([3, 6, 9]);
    expect(curves["time/seconds per batch"]?.length).toBe(9);
  });

  it("writes elsewhere if asked, and only warns where it cannot write", async () => {
    const logDir = join(trainers.dir, "board");
    const trainer = trainers.make("maps", {
      callbacks: [new TensorBoardCallback({ logDir })],
      optimization: { numEpochs: 1 },
    });
    await trainer.train(toySplit(), { computational });
    expect(Object.keys(read(join(logDir, "split-0")))).toContain("validation/loss");
    expect(existsSync(trainer.maps.training.split(0).tensorboard)).toBe(false);
    writeFileSync(join(trainers.dir, "file"), "");
    const callbacks = [new TensorBoardCallback({ logDir: join(trainers.dir, "file") })];
    const other = trainers.make("other", { callbacks, model: toyModel(), optimization: { numEpochs: 1 } });
    await other.train(toySplit(), { computational });
    const warnings = readFileSync(other.maps.training.split(0).warningLog, "utf8");
    expect(warnings.match(/Nothing more is written for TensorBoard/g)?.length).toBe(1);
    expect(existsSync(other.maps.training.split(0).completeJson)).toBe(true);
  });

  it("is recorded in the MAPS, and deleted with its split", async () => {
    const trainer = trainers.make("maps", { callbacks: [new TensorBoardCallback()], optimization: { numEpochs: 1 } });
    await trainer.train(toySplit(), { computational });
    const opened = await trainers.fromMaps("maps");
    expect(opened.callbacks.callbacks.some((one) => one instanceof TensorBoardCallback)).toBe(true);
    trainer.maps.deleteSplit(0);
    expect(existsSync(trainer.maps.training.split(0).path)).toBe(false);
  });
});

it("has the checksums of RFC 3720", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});
