import { expect, it } from "vitest";
import type { GroupContent } from "../read/index.ts";
import { checkpointOf } from "./index.ts";

const group = (...checkpoints: string[]): GroupContent => ({
  name: "held",
  results: checkpoints.map((checkpoint, models) => ({ models, name: `split-${models}`, checkpoint })),
});

const contents = (checkpoints: readonly string[], tests: readonly GroupContent[] = []) => ({
  splits: [{ checkpoints }],
  tests,
  predictions: [],
});

it("is the one that was tested, which somebody chose; else the last", () => {
  expect(checkpointOf(contents(["best-auc", "final"]))).toBe("final");
  expect(checkpointOf(contents(["best-auc", "epoch-3"]))).toBe("best-auc");
  expect(checkpointOf(contents([]))).toBe("final");
  expect(checkpointOf(contents(["best-auc", "final"], [group("best-auc")]))).toBe("best-auc");
  expect(checkpointOf(contents(["best-auc", "final"], [group("final", "best-auc", "best-auc")]))).toBe("best-auc");
});
