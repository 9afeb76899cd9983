import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { compare } from "./compare.ts";
import { toyModel } from "./fixtures/toy.ts";
import { Trainer } from "./index.ts";

let dir = "";
const trainers: Trainer[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "compare-"));
});
afterEach(() => {
  for (const trainer of trainers.splice(0)) trainer.dispose();
  rmSync(dir, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A MAPS as trainings leave it: of each split the table of metrics, and who was validated on. */
function made(name: string, numEpochs: number, splits: readonly (readonly [metrics: string, participants: string])[]) {
  const trainer = new Trainer({ maps: join(dir, name), model: toyModel(), optimization: { numEpochs } });
  trainers.push(trainer);
  const { training } = trainer.maps;
  for (const [i, [metrics, participants]] of splits.entries()) {
    mkdirSync(training.split(i).path, { recursive: true });
    write(training.split(i).models.final.validationMetrics.aggregatedTsv, metrics);
    const rows = participants.split(" ").map((id) => `${id}\tses-M000\n`);
    write(training.data.validation(i).dataTsv, `participant_id\tsession_id\n${rows.join("")}`);
  }
  return trainer.maps;
}

it("has metrics of each, differences split by split of the same data, and options that differ", () => {
  const a = made("a", 5, [
    ["loss\n1.0\n", "sub-1 sub-2"],
    ["loss\n5.0\n", "sub-3"],
    ["loss\n9.0\n", "sub-4"],
  ]);
  // of the third, other participants are validated on
  const b = made("b", 7, [
    ["loss\tauc\n2.0\t0.5\n", "sub-2 sub-1"],
    ["loss\tauc\n5.5\t0.7\n", "sub-3"],
    ["loss\tauc\n0.0\t0.9\n", "sub-5"],
  ]);
  const { metrics, options } = compare([a, b, a], { checkpoint: "final" });
  const [loss, auc] = metrics;
  expect(loss?.summaries.map((one) => one?.mean)).toEqual([5, 2.5, 5]);
  expect(loss?.differences).toEqual([null, { mean: 0.75, sd: Math.sqrt(0.125), n: 2 }, { mean: 0, sd: 0, n: 3 }]);
  expect(auc?.summaries.map((one) => one?.n)).toEqual([undefined, 3, undefined]);
  expect(auc?.differences).toEqual([null, null, null]);
  expect(options).toEqual([{ path: "optimization.num_epochs", values: [5, 7, 5] }]);
});

it("finds what differs in how data are loaded and computed, said once where validation is the same", () => {
  const [a, b] = ["a", "b"].map((name) => made(name, 5, [["loss\n1.0\n", "sub-1"]]));
  const describe = (maps: Trainer["maps"], batch: number, crop: number, validationCrop: number, data: string) => {
    const { training } = maps;
    const dataset = (size: number) => JSON.stringify({ data: { id: data }, transforms: [{ size }] });
    write(training.split(0).computationalJson, JSON.stringify({ seed: batch }));
    write(training.data.train(0).dataloaderJson, JSON.stringify({ batch_size: batch }));
    write(training.data.train(0).datasetJson, dataset(crop));
    write(training.data.validation(0).datasetJson, dataset(validationCrop));
    return maps;
  };
  const first = describe(a!, 2, 8, 8, "sub-1");
  const optionsWith = (validationCrop: number) =>
    compare([first, describe(b!, 4, 16, validationCrop, "sub-2")], { checkpoint: "final" }).options;
  const expected = [
    { path: "computational.seed", values: [2, 4] },
    { path: "dataloader.batch_size", values: [2, 4] },
    { path: "dataset.transforms.0.size", values: [8, 16] },
  ];
  expect(optionsWith(16)).toEqual(expected);
  expect(optionsWith(32)).toEqual([...expected, { path: "validation.dataset.transforms.0.size", values: [8, 32] }]);
});

it("wants two, with metrics", () => {
  const a = made("a", 5, [["loss\n1.0\n", "sub-1"]]);
  expect(() => compare([a], { checkpoint: "final" })).toThrow("at least two");
  expect(() => compare([a, made("b", 5, [])], { checkpoint: "final" })).toThrow(/b has no metrics of 'final'/);
});
