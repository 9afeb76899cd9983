import { describe, expect, it } from "vitest";
import { TrainingCheckpointCallback } from "../../src/callbacks/index.ts";
import { OptimizationConfig } from "../../src/optim/index.ts";
import { ComputationalConfig } from "../../src/train/index.ts";
import { describePage, describeTypes } from "./page.ts";

describeTypes(["docs/training.md"]);
const { text } = describePage("docs/training.md");

describe("the rest of the chapter", () => {
  it("gives the defaults", () => {
    const [optimization, computational] = [new OptimizationConfig(), new ComputationalConfig()];
    const objects: readonly (readonly [object, readonly string[]])[] = [
      [optimization, Object.keys(optimization.fields())],
      [computational, Object.keys(computational.fields())],
      [new TrainingCheckpointCallback(), Object.keys(new TrainingCheckpointCallback())],
    ];
    for (const [object, options] of objects) {
      const [, table = ""] = text.split(`| \`${object.constructor.name}\` | default | |\n`);
      const [rows = ""] = table.split("\n\n");
      const cells = [...rows.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)];
      expect(cells.map(([, option]) => option).sort()).toEqual([...options].sort());
      for (const [, option = "", value = ""] of cells) {
        // words stand for what depends on the machine
        if (value.startsWith("`")) expect(value, option).toBe(`\`${Reflect.get(object, option)}\``);
      }
    }
  });
});
