import { expect, it } from "vitest";
import { inPhases, type Phase } from "./phase.ts";

const phases: readonly Phase[] = ["checkpoint", "record", "change", "record", "change", "observe", "frame"];
const callbacks = phases.map((phase, i) => ({ phase, name: `${phase}-${i}` }));
const order = (event: string) => inPhases(event, callbacks).map(({ name }) => name);

it.each([
  "onTrainerInit",
  "onTrainStart",
  "onResume",
  "onEpochStart",
  "onBatchStart",
  "onValidationStart",
  "onTestStart",
])("at %s, who changes comes before who records, and all before the checkpoint", (event) => {
  const [changes, records] = [
    ["change-2", "change-4"],
    ["record-1", "record-3"],
  ];
  expect(order(event)).toEqual(["frame-6", "observe-5", ...changes, ...records, "checkpoint-0"]);
});

it.each(["onEpochEnd", "onBatchEnd", "onValidationEnd", "onOptimizationStepEnd", "onTestEnd", "onException"])(
  "at %s, clocks stop first; what was changed is recorded, and put back before the checkpoint, the last one first",
  (event) => {
    const [changes, records] = [
      ["change-4", "change-2"],
      ["record-1", "record-3"],
    ];
    expect(order(event)).toEqual(["observe-5", ...records, ...changes, "checkpoint-0", "frame-6"]);
  },
);

it("at the end of a training, what is changed stays, and is recorded", () => {
  const [changes, records] = [
    ["change-2", "change-4"],
    ["record-1", "record-3"],
  ];
  expect(order("onTrainEnd")).toEqual(["observe-5", ...changes, ...records, "checkpoint-0", "frame-6"]);
});
