import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, it } from "vitest";
import { Callback, type EventArgs, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const SPLIT = "training/split-0";
const GROWING = `${SPLIT}/.clinicadl-ts/details.tsv`;

/** Looks at how many rows are in memory after each validation, and at the rows per sample of each checkpoint. */
class Watch extends Callback {
  readonly inMemory: number[] = [];
  readonly details = new Map<string, { readonly inode: number; readonly text: string }>();
  readonly #stopAt: string;
  constructor(stopAt = "") {
    super();
    this.#stopAt = stopAt;
  }
  override onBatchStart({ maps, state }: EventArgs<"onBatchStart">): void {
    for (const { path, validationMetrics } of maps.training.split(0).tmp.list) {
      const { ino: inode } = statSync(validationMetrics.detailsTsv);
      this.details.set(basename(path), { inode, text: readFileSync(validationMetrics.detailsTsv, "utf8") });
    }
    if (`${state.currentEpoch}.${state.currentTrainBatch}` === this.#stopAt) throw new Error("stopped");
  }
  override onValidationEnd({ metrics }: EventArgs<"onValidationEnd">): void {
    this.inMemory.push(metrics.detailedDf.length);
  }
}
const callbacks = (watch: Callback) => [
  new TrainingCheckpointCallback({ everyNSteps: 1, everyNEpochs: 1, keep: 9 }),
  watch,
];
const train = (name: string, watch: Watch) =>
  trainers
    .make(name, { optimization: { numEpochs: 4 }, callbacks: callbacks(watch) })
    .train(toySplit(), { computational });

it("holds the rows per sample of one epoch, while each checkpoint and the end have those of all", async () => {
  const watch = new Watch();
  await train("maps", watch);
  expect(watch.inMemory).toEqual([4, 4, 4, 4]);
  const all = trainers.text("maps", SPLIT, "validation_metrics/details.tsv");
  const lines = all.trim().split("\n");
  expect(lines).toHaveLength(1 + 4 * 4);
  for (const epoch of [1, 2, 3]) {
    const rows = lines.slice(0, 1 + 4 * epoch).join("\n");
    expect(watch.details.get(`epoch-${epoch}`)?.text).toBe(`${rows}\n`);
  }
  expect(trainers.text("maps", SPLIT, "tmp/epoch-4/validation_metrics/details.tsv")).toBe(all);
  expect(existsSync(trainers.path("maps", GROWING))).toBe(false);
});

it("does not copy the rows per sample again in the checkpoints of one epoch", async () => {
  const watch = new Watch();
  await train("maps", watch);
  const inodeOf = (name: string) => watch.details.get(name)?.inode;
  expect(["batch-2-1", "batch-2-2", "batch-2-3"].map(inodeOf)).toEqual(Array(3).fill(inodeOf("epoch-1")));
  expect(inodeOf("batch-3-1")).toBe(inodeOf("epoch-2"));
  expect(inodeOf("epoch-2")).not.toBe(inodeOf("epoch-1"));
});

it.each([
  ["as they are", (text: string) => text],
  [
    "with columns and line ends of another writer",
    (text: string) =>
      text
        .replaceAll(/\tses-/g, "\tx\tses-")
        .replaceAll(/\tsession_id/g, "\tother\tsession_id")
        .replaceAll("\n", "\r\n"),
  ],
])("goes on from rows per sample that were written before, %s", async (_, change) => {
  await train("whole", new Watch());
  await expect(train("maps", new Watch("3.2"))).rejects.toThrow("stopped");
  expect(existsSync(trainers.path("maps", GROWING))).toBe(true);
  // only checkpoints count
  writeFileSync(trainers.path("maps", GROWING), "what a killed process has left");
  const [checkpoint, details] = ["batch-3-1", "batch-3-1/validation_metrics/details.tsv"].map((path) =>
    trainers.path("maps", SPLIT, "tmp", path),
  ) as [string, string];
  const text = readFileSync(details, "utf8");
  rmSync(details); // other checkpoints have it, too
  writeFileSync(details, change(text));
  rmSync(`${checkpoint}/.manifest.json`);
  const trainer = await trainers.fromMaps("maps", { callbacks: callbacks(new Watch()) });
  await trainer.resume({ splitIdx: 0, split: toySplit() });
  expect(trainers.differences("maps", "whole")).toEqual([]);
});
