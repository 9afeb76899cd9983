import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMaps, record } from "./fixtures/maps.ts";
import type { Maps } from "./maps.ts";

let dir = "";
let maps: Maps;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "models-"));
  maps = createMaps(dir);
  maps.createSplit(3, record("sub-1"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const models = () => maps.training.split(3).models;
function save(...names: string[]): void {
  for (const name of names) {
    const { path, modelPt } = models().getCheckpointDir(name);
    mkdirSync(path, { recursive: true });
    writeFileSync(modelPt, "");
  }
}

describe("the models of a split", () => {
  it("have ClinicaDL's places, and are listed by their names", () => {
    expect(models().list).toEqual([]);
    save("final", "epoch-10", "epoch-9", "best-my_loss", "best-auc");
    expect(models().list).toEqual(["best-auc", "best-my_loss", "epoch-9", "epoch-10", "final"]);
    expect(models().epochsList).toEqual([9, 10]);
    const place = (name: string) =>
      models()
        .getCheckpointDir(name)
        .modelPt.slice(maps.path.length + 1);
    expect(place("best-auc")).toBe("training/split-3/models/best_models/best-auc/model.pt");
    expect(place("epoch-9")).toBe("training/split-3/models/checkpoints/epoch-9/model.pt");
    expect(place("final")).toBe("training/split-3/models/final/model.pt");
    // a directory without weights is no model (D12)
    mkdirSync(models().best("loss").path);
    expect(models().list).not.toContain("best-loss");
  });

  it("are found by their names in the MAPS (D25)", () => {
    save("best-my_loss", "final");
    expect(maps.training.readCheckpointName("split-3_best-my_loss")).toEqual({
      splitIdx: 3,
      checkpoint: "best-my_loss",
    });
    expect(maps.training.getCheckpointDir("split-3_best-my_loss").path).toBe(models().best("my_loss").path);
    expect(maps.training.getCheckpointDir("split-3_final").path).toBe(models().final.path);
    expect(() => maps.training.getCheckpointDir("split-3_epoch-2")).toThrow(
      /epoch-2.model\.pt does not exist. The checkpoints of split 3 are: best-my_loss, final/,
    );
    expect(() => maps.training.getCheckpointDir("split-0_final")).toThrow(/no split 0 in .*Its splits are: 3/);
    for (const name of ["final", "split-3", "split-3_last", "split-3_epoch-x", "split-x_final", "split-3_best-"]) {
      expect(() => maps.training.readCheckpointName(name)).toThrow(
        /'split-<i>_best-<metric>', 'split-<i>_epoch-<n>' or/,
      );
    }
    expect(() => models().getCheckpointDir("last")).toThrow(/'best-<metric>', 'epoch-<n>' or 'final'/);
  });
});
