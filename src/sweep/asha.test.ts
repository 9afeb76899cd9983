import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { asha, type RungEntry } from "./asha.ts";

interface Recorded {
  readonly direction: "minimize" | "maximize";
  readonly min_epochs: number;
  readonly reduction_factor: number;
  readonly curves: (number | null)[][];
  readonly stopped: (number | null)[];
}
const histories = JSON.parse(readFileSync(new URL("golden/asha.json", import.meta.url), "utf8")) as Recorded[];

it("stops the trials that Optuna's SuccessiveHalvingPruner stops, after the same epochs", () => {
  expect(histories).toHaveLength(4);
  for (const { direction, min_epochs, reduction_factor, curves, stopped } of histories) {
    const options = { minEpochs: min_epochs, reductionFactor: reduction_factor };
    const entries: RungEntry[] = [];
    const found: (number | null)[] = curves.map(() => null);
    for (let epoch = 1; epoch <= 12; epoch++) {
      curves.forEach((curve, trial) => {
        if (found[trial] !== null) return;
        const last = { epoch, value: curve[epoch - 1] ?? Number.NaN };
        const { stop, added } = asha(options, direction === "minimize" ? "min" : "max", trial, last, entries);
        entries.push(...added);
        if (stop) found[trial] = epoch;
      });
    }
    expect(found).toEqual(stopped);
    // neither all nor none
    expect(new Set(stopped).size).toBeGreaterThan(1);
  }
});
