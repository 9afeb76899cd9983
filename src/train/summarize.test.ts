import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { toyModel } from "./fixtures/toy.ts";
import { Trainer } from "./index.ts";
import { summarize } from "./summarize.ts";

let dir = "";
let trainer: Trainer;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "summarize-"));
  trainer = new Trainer({ maps: join(dir, "maps"), model: toyModel() });
});
afterEach(() => {
  trainer.dispose();
  rmSync(dir, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
/** What a training on a split leaves of its final model. */
function validated(split: number, text: string): void {
  const { training } = trainer.maps;
  mkdirSync(training.split(split).path, { recursive: true });
  write(training.split(split).models.final.validationMetrics.aggregatedTsv, text);
}

it("gives mean and standard deviation over splits, of what is defined, and says which splits have nothing", () => {
  validated(0, "epoch\tloss\tauc\n4\t1.0\t0.5\n");
  validated(1, "epoch\tloss\tauc\n4\t2.0\t\n");
  validated(3, "epoch\tloss\tauc\n4\t6.0\t0.7\n");
  mkdirSync(trainer.maps.training.split(2).path, { recursive: true });
  const { splits, missing, metrics } = summarize(trainer.maps, { checkpoint: "final" });
  expect([splits, missing]).toEqual([[0, 1, 3], [2]]);
  const [loss, auc] = metrics;
  expect(loss).toEqual({ metric: "loss", mean: 3, sd: Math.sqrt(7), n: 3, values: [1, 2, 6] });
  expect([auc?.metric, auc?.n, auc?.values]).toEqual(["auc", 2, [0.5, Number.NaN, 0.7]]);
  expect(auc?.mean).toBeCloseTo(0.6, 14);
  expect(auc?.sd).toBeCloseTo(Math.SQRT2 / 10, 14);
});

it("takes a test group, and has no deviation of one split", () => {
  mkdirSync(trainer.maps.training.split(0).path, { recursive: true });
  write(trainer.maps.test.group("site").results(0, "best-loss").metrics.aggregatedTsv, "loss\n0.25\n");
  const { metrics } = summarize(trainer.maps, { checkpoint: "best-loss", groupName: "site" });
  expect(metrics).toEqual([{ metric: "loss", mean: 0.25, sd: Number.NaN, n: 1, values: [0.25] }]);
});

it("says what there is where nothing was evaluated", () => {
  expect(() => trainer.summarize({ checkpoint: "final" })).toThrow(/no metrics of 'final' on validation data.*none/);
  expect(() => trainer.summarize({ checkpoint: "final", groupName: "x" })).toThrow(/the test group 'x'/);
  // @ts-expect-error
  expect(() => trainer.summarize({ checkpoint: "final", group: "x" })).toThrow(/unknown option 'group'/);
});
