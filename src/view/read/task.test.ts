import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readTask } from "./task.ts";

let maps = "";
beforeEach(() => {
  maps = mkdtempSync(join(tmpdir(), "task-"));
});
afterEach(() => rmSync(maps, { recursive: true, force: true }));

function taskOf(model: object) {
  writeFileSync(join(maps, "model.json"), JSON.stringify(model));
  return readTask(maps);
}
const loss = (name: string) => ({ name_: name });
const inferer = { name_: "SimpleInferer", output_name: "score" };

it("of several tasks is the first that learns classes or a quantity, in its own output", () => {
  const tasks = {
    tissues: { loss: loss("DiceLoss"), label_key: "mask" },
    group: { loss: loss("CrossEntropyLoss"), label_key: "diagnosis" },
    age: { loss: loss("MSELoss"), label_key: "age" },
  };
  const known = { kind: "classes", labelKey: "diagnosis", outputName: "score_group", activation: "softmax" };
  expect(taskOf({ name_: "MultiTaskModel", tasks, inferer })).toEqual(known);
  const { group: _, ...others } = tasks;
  const age = { kind: "quantity", labelKey: "age", outputName: "score_age", activation: null };
  expect(taskOf({ name_: "MultiTaskModel", tasks: others, inferer })).toEqual(age);
  const none = { kind: "other", labelKey: null, outputName: "score", activation: null };
  expect(taskOf({ name_: "MultiTaskModel", tasks: { tissues: tasks.tissues }, inferer })).toEqual(none);
});

it("of a segmentation is no class of a sample", () => {
  const model = { label_key: "label", loss: loss("CrossEntropyLoss") };
  expect(taskOf({ name_: "SupervisedModel", ...model })).toMatchObject({ kind: "classes", outputName: "output" });
  expect(taskOf({ name_: "SegmentationModel", ...model })).toMatchObject({ kind: "other", labelKey: "label" });
});
