import { describe, expect, it } from "vitest";
import { TRAINING, toldBatch } from "./fixtures/told.ts";
import { Journal } from "./journal/journal.ts";
import type { ToldEvent } from "./journal/schema.ts";
import { duration, shortNumber } from "./progress.ts";
import { ProgressLine } from "./progress-line.ts";

/** What is put on standard error; events with their times in milliseconds. */
function shown(isTTY: boolean, events: readonly (readonly [time: number, told: ToldEvent])[]): string {
  let [now, text] = [0, ""];
  const line = new ProgressLine({ isTTY, columns: 80, write: (part) => (text += part) });
  line.begin("maps/training/split-0");
  const journal = new Journal(() => now);
  journal.add(line);
  for (const [time, told] of events) {
    now = time;
    journal.record(told);
  }
  return text;
}

describe("the progress of a training", () => {
  const epoch: readonly (readonly [number, ToldEvent])[] = [
    [1000, { kind: "resume", ...TRAINING, epoch: 1, batch: 3 }],
    [3000, toldBatch(1, 4, 0.51234)],
    [3050, toldBatch(1, 5, 9)],
    [4000, { kind: "validation", epoch: 1, batches: 2 }],
    [5000, { kind: "metrics", epoch: 1, values: { loss: 0.25, mae: Number.NaN } }],
    [5000, { kind: "epoch", epoch: 1, losses: { loss: 0.5 }, seconds: 4 }],
    [66_000, { kind: "end" }],
  ];
  const stays =
    "Split 0  epoch 1/2  loss 0.5  validation loss 0.25  validation mae NaN\n" +
    "Split 0  done in 1:05  → maps/training/split-0\n";

  it("moves on a terminal, at most ten times a second, and is taken away before something stays", () => {
    expect(shown(true, epoch)).toBe(
      `\r\x1b[KSplit 0  Epoch 1/2  4/8  loss 0.5123  0.5 batches/s  0:24 left\r\x1b[K${stays}`,
    );
  });
  it("is one line per epoch elsewhere", () => expect(shown(false, epoch)).toBe(stays));
  it("shows the mean of the losses of the epoch", () => {
    const start = [0, { kind: "resume", ...TRAINING, epoch: 1, batch: 6 }] as const;
    const text = shown(true, [
      start,
      [1000, toldBatch(1, 7, 1)],
      [2000, toldBatch(1, 8, 2)],
      [4000, toldBatch(2, 1, 8)],
    ]);
    expect(text.split("\r\x1b[K").slice(1)).toEqual([
      "Split 0  Epoch 1/2  7/8  loss 1  1 batches/s  0:09 left",
      "Split 0  Epoch 1/2  8/8  loss 1.5  1 batches/s  0:08 left",
      "Split 0  Epoch 2/2  1/8  loss 8  0.75 batches/s  0:09 left",
    ]);
  });
  it("shows the metrics of the last validation, as many as there is room for", () => {
    const text = shown(true, [
      [0, { kind: "resume", ...TRAINING, epoch: 1, batch: 8 }],
      [1000, { kind: "metrics", epoch: 1, values: { auc: 0.75, mae: 0.5, a_very_long_one: 1 } }],
      [2000, toldBatch(2, 1, 8)],
    ]);
    expect(text.split("\r\x1b[K").at(-1)).toBe(
      "Split 0  Epoch 2/2  1/8  loss 8  val auc 0.75  0.5 batches/s  0:14 left",
    );
  });
  it("makes room for what else is to be shown, and when it fails", () => {
    const begun = epoch.slice(0, 2);
    const moving = shown(true, begun);
    expect(shown(true, [...begun, [4000, { kind: "error", message: "" }]])).toBe(`${moving}\r\x1b[K`);
  });
  it("of an evaluation moves, and leaves nothing", () => {
    const events: readonly (readonly [number, ToldEvent])[] = [
      [0, { kind: "evaluation", call: "predict", batches: 4 }],
      [2000, { kind: "evaluated", batch: 1 }],
      [3000, { kind: "end" }],
    ];
    expect(shown(true, events)).toBe("\r\x1b[KPrediction  1/4  0.5 batches/s  0:06 left\r\x1b[K");
    expect(shown(false, events)).toBe("");
  });
});

it("writes numbers and times shortly", () => {
  const numbers = [0, 0.000123456, 12.3456, 123456, Number.NaN].map(shortNumber);
  expect(numbers).toEqual(["0", "1.23e-4", "12.35", "1.23e+5", "NaN"]);
  expect([59.6, 3723, Number.POSITIVE_INFINITY].map(duration)).toEqual(["1:00", "1:02:03", "?"]);
});
