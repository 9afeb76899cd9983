import { expect, it } from "vitest";
import { inChunks, keyOf, parametersOf } from "./limits.ts";

it("has names that MLflow takes, and different ones for different curves", () => {
  expect(keyOf("train/loss")).toBe("train/loss");
  expect(keyOf("validation/précision (macro)")).toBe("validation/précision _28macro_29");
  expect(keyOf("validation/a(b")).not.toBe(keyOf("validation/a)b"));
  expect(keyOf("../a//b/.")).toBe("a/b");
  expect(keyOf("..")).toBe("_");
  expect(keyOf("x".repeat(300)).length).toBe(250);
});

it("makes parameters of nested configurations, and cuts long values", () => {
  const configs = { model: { network: { in_shape: [1, 96], dropout: null }, parts: [{ lr: 0.1 }], none: {} } };
  expect(parametersOf(configs)).toEqual([
    { key: "model.network.in_shape", value: "[1,96]" },
    { key: "model.network.dropout", value: "null" },
    { key: "model.parts.0.lr", value: "0.1" },
    { key: "model.none", value: "{}" },
  ]);
  const [long] = parametersOf({ text: "y".repeat(501) });
  expect([long?.value.length, long?.value.endsWith("y…")]).toEqual([500, true]);
});

it("asks for no more at once than MLflow takes", () => {
  expect(inChunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  expect(inChunks([], 2)).toEqual([]);
});
