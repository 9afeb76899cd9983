import { expect, it } from "vitest";
import { TRAINING, toldBatch } from "../../run/fixtures/told.ts";
import type { ToldEvent } from "../../run/journal/schema.ts";
import { FoldLines } from "./fold-lines.ts";

/** What a terminal shows, or a file gets: events of splits with their times in milliseconds; null draws. */
function shown(
  isTTY: boolean,
  steps: readonly (readonly [split: number, time: number, told: ToldEvent | null])[],
): string {
  let text = "";
  const lines = new FoldLines({ isTTY, columns: 80, write: (part) => (text += part) });
  for (const [split, time, told] of steps) {
    if (told === null) lines.draw(time, 24);
    else lines.receive(`Split ${split}`, { n: 1, time, ...told }, { place: `maps/split-${split}` });
  }
  return text;
}

const start = (split: number): ToldEvent => ({ kind: "start", ...TRAINING, split });
const steps: readonly (readonly [number, number, ToldEvent | null])[] = [
  [0, 0, start(0)],
  [1, 0, start(1)],
  [0, 2000, toldBatch(1, 4, 0.51234)],
  [1, 4000, toldBatch(1, 8, 0.25)],
  [1, 4000, { kind: "metrics", epoch: 1, values: { auc: 0.75, mae: 12 } }],
  [1, 4000, { kind: "epoch", epoch: 1, losses: { loss: 0.5 }, seconds: 4 }],
  [1, 4500, toldBatch(2, 1, 0.125)],
  [1, 4500, null],
  [0, 5000, { kind: "interruption", signal: "SIGTERM" }],
  [1, 5000, null],
  [1, 5000, { kind: "end" }],
  [1, 5000, null],
];

it("a terminal has a line for each split that moves, below those that are over", () => {
  const one = "Split 1  Epoch 2/2  1/8  loss 0.125  val auc 0.75  2 batches/s  0:04 left\n";
  expect(shown(true, steps)).toBe(
    `Split 0  Epoch 1/2  4/8  loss 0.5123  2 batches/s  0:06 left\n${one}` +
      `\x1b[2F\x1b[JSplit 0  interrupted by SIGTERM at epoch 1/2, batch 4, after 0:05\n${one}` +
      "\x1b[1F\x1b[JSplit 1  done in 0:05  → maps/split-1\n",
  );
});

it("elsewhere there is a line for each epoch, and for what ends", () => {
  expect(shown(false, steps)).toBe(
    "Split 1  epoch 1/2  loss 0.5  validation auc 0.75  validation mae 12\n" +
      "Split 0  interrupted by SIGTERM at epoch 1/2, batch 4, after 0:05\n" +
      "Split 1  done in 0:05  → maps/split-1\n",
  );
});

it("a training of which nothing is heard is not said to go on, and lines do not exceed the terminal", () => {
  const quiet = shown(true, [
    [0, 0, start(0)],
    [0, 1000, toldBatch(1, 4)],
    [0, 91_000, null],
  ]);
  expect(quiet).toBe("Split 0  Epoch 1/2  4/8  nothing new for 1:30\n");
  const many = shown(true, [
    ...Array.from({ length: 30 }, (_, split) => [split, 0, start(split)] as const),
    [0, 0, null],
  ]).split("\n");
  expect(many.length).toBe(24);
  expect(many.slice(-3)).toEqual([expect.stringMatching(/^Split 21 /), "and 8 more", ""]);
  const narrow = shown(true, [
    [0, 0, start(0)],
    [
      0,
      1000,
      { ...toldBatch(1, 4), losses: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`loss${i}`, 1])) },
    ],
    [0, 1000, null],
  ]);
  expect(narrow.length).toBe(80);
});
