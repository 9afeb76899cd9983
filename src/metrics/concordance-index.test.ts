import { expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import { ConcordanceIndexMetricConfig, MetricsHandler } from "./index.ts";

// values are compared to those of the definition in metrics.test.ts, like those of every metric
function evaluate(output: number[][], label: number[][], event?: number[][]) {
  using _scope = torch.scope();
  const metric = new ConcordanceIndexMetricConfig({ eventKey: event === undefined ? null : "event" }).getObject();
  using batch = new TestBatch({ output, label, ...(event === undefined ? {} : { event }) });
  metric.update(batch);
  return { value: metric.aggregate(), why: metric.whyUndefined().map(({ message }) => message) };
}

it("counts the pairs of which it is known who came first", () => {
  const live = torch.memory.live().tensors;
  // 1 < 2 < 3: right are (1, 2) and (1, 3), wrong is (2, 3)
  expect(evaluate([[1], [5], [4]], [[1], [2], [3]]).value).toBe(2 / 3);
  // of the second, who is censored at 2, it is not known whether it came before the third
  expect(evaluate([[1], [5], [4]], [[1], [2], [3]], [[1], [0], [1]]).value).toBe(1);
  // at the same time, the event came before what was still to come; equal outputs are half right
  expect(evaluate([[1], [1]], [[2], [2]], [[1], [0]]).value).toBe(0.5);
  expect(torch.memory.live().tensors).toBe(live);
});

it("takes the one column of CoxPHLoss, negative where censored, for times and events", () => {
  const output = [[3], [1], [4], [1], [5], [9]];
  const times = [[2], [7], [4], [4], [9], [1]];
  const events = [[1], [0], [1], [0], [1], [0]];
  const one = times.map(([time = 0], i) => [events[i]?.[0] === 1 ? time : -time]);
  expect(evaluate(output, one).value).toBe(evaluate(output, times, events).value);
  expect(evaluate(output, one).value).not.toBe(evaluate(output, times).value);
  expect(() => evaluate(output, one, events)).toThrow(/sub-001.*'label' is -7.*leave 'eventKey' out/);
});

it("leaves out samples with NaN, and says why it is not defined", () => {
  expect(evaluate([[1], [Number.NaN], [2]], [[1], [2], [3]])).toEqual({
    value: 1,
    why: [expect.stringMatching(/NaN for sub-001/)],
  });
  expect(evaluate([[1], [2]], [[3], [3]])).toEqual({
    value: Number.NaN,
    why: [expect.stringMatching(/no pair of samples/)],
  });
});

it("says what it takes, and which fields it needs", () => {
  expect(() => evaluate([[1]], [[1]], [[2]])).toThrow(/sub-000.*'event' is 2.*events that are 0 or 1/);
  expect(() => evaluate([[1, 2]], [[1, 2]])).toThrow(/\(N, 1\).*\[1, 2\]/);
  const handler = new MetricsHandler({ c: new ConcordanceIndexMetricConfig({ labelKey: "months", eventKey: "seen" }) });
  handler.initMetrics();
  expect(handler.neededFields().map(({ field }) => field)).toEqual(["months", "seen"]);
});
