import { expect, it } from "vitest";
import { TRAINING, toldBatch } from "../fixtures/told.ts";
import { formatEvent, parseEvent, type ToldEvent } from "./schema.ts";

const told: readonly ToldEvent[] = [
  { kind: "start", ...TRAINING },
  { kind: "resume", ...TRAINING, epoch: 2, batch: null },
  { ...toldBatch(1, 2, 1 / 3), rates: { generator: [0.1, 1e-9], critic: [Number.NaN] } },
  toldBatch(1, 3, Number.POSITIVE_INFINITY),
  { kind: "validation", epoch: 1, batches: 3 },
  { kind: "metrics", epoch: 1, values: { auc: Number.NaN, loss: Number.NEGATIVE_INFINITY } },
  { kind: "epoch", epoch: 1, losses: { loss: 2 }, seconds: 0.25 },
  { kind: "model", epoch: 1, name: "best-auc" },
  { kind: "checkpoint", epoch: 1, batch: 2 },
  { kind: "warning", message: "sub-1\n\u0000\ud800 is odd" },
  { kind: "interruption", signal: "SIGTERM" },
  { kind: "error", message: "no space on the moon" },
  { kind: "end" },
  { kind: "evaluation", call: "test", batches: 4 },
  { kind: "evaluated", batch: 1 },
];

it.each(told)("$kind is one line, and is read as it was", (event) => {
  const line = formatEvent({ n: 3, time: 1.5, ...event });
  expect(line).not.toContain("\n");
  expect(parseEvent(line)).toEqual({ n: 3, time: 1.5, ...event });
});

it("reads what a later version adds, and knows what is damaged", () => {
  const line = formatEvent({ n: 3, time: 1.5, kind: "end" });
  expect(parseEvent(line.replace("}", ',"reason":"early"}'))).toEqual({ n: 3, time: 1.5, kind: "end" });
  const later = { kind: "later", name: "moon", n: 3, time: 1.5 };
  expect(parseEvent(line.replace('"end"', '"moon","phase":"full"'))).toEqual(later);
  for (const damaged of [line.slice(0, -1), "", "\0\0", "null", "7", '{"kind":"end"}', line.replace("3", '"3"')]) {
    expect(parseEvent(damaged), damaged).toBeNull();
  }
  // of a kind that is known, something is missing
  expect(parseEvent(line.replace('"end"', '"epoch"'))).toBeNull();
});
