import { cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../../src/torch/index.ts";
import { beside, damages, differences, hasReached, newestCheckpoint } from "./trees.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "trees-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), content);
}

describe("two MAPS", () => {
  it("are the same but for times", () => {
    write("a/summary.log", "Date: 2026 Nov 23, 06:58:25\nPath: /one\n");
    write("a/training/split-0/logs/computational.tsv", "0.1\n");
    write("a/exec/run-train_2026_11_23_06_58_25/info.log", "");
    cpSync(join(dir, "a"), join(dir, "b"), { recursive: true });
    write("b/summary.log", "Date: 2026 Nov 24, 01:00:00\nPath: /other\n");
    write("b/training/split-0/logs/computational.tsv", "0.2\n");
    write("b/exec/run-resume_2026_11_24_01_00_00/info.log", "");
    expect(differences(join(dir, "a"), join(dir, "b"))).toEqual([]);
  });
  it("differ by a file that is not there, one too many, and one byte", () => {
    write("a/model.json", "{}");
    write("a/metrics.json", "{}");
    write("b/metrics.json", "{ }");
    write("b/.tmp-x", "");
    expect(differences(join(dir, "a"), join(dir, "b"))).toEqual([
      "model.json is missing",
      ".tmp-x is left over",
      "metrics.json is different",
    ]);
    expect(differences(join(dir, "a"), join(dir, "b"), /metrics/)).toHaveLength(2);
    expect(beside(join(dir, "a"))).toEqual(["b"]);
  });
});

describe("a MAPS", () => {
  it("is damaged where a file that counts cannot be read", () => {
    using _scope = torch.scope();
    write("maps/model.json", '{"a": ');
    write("maps/.tmp-model.json", "{");
    const path = join(dir, "maps/training/split-0/models/final/model.pt");
    mkdirSync(dirname(path), { recursive: true });
    torch.save(new Map([["weight", torch.ones([64])]]), path);
    expect(damages(join(dir, "maps"))).toEqual([expect.stringContaining("model.json is damaged")]);
    truncateSync(path, 300);
    expect(damages(join(dir, "maps"))).toHaveLength(2);
    write("maps/training/split-0/tmp/epoch-1/state.json", "{}");
    expect(damages(join(dir, "maps")).at(-1)).toMatch(/epoch-1\/model\.pt is missing/);
    expect(damages(join(dir, "none"))).toEqual([]);
  });
  it("has reached a checkpoint, or a later one", () => {
    write("maps/training/split-0/tmp/batch-2-3/state.json", "{}");
    const reached = (name: string) => hasReached(join(dir, "maps"), name);
    expect(newestCheckpoint(join(dir, "maps"))).toBe("batch-2-3");
    expect(["epoch-1", "batch-2-2", "batch-2-3"].map(reached)).toEqual([true, true, true]);
    expect(["batch-2-4", "epoch-2", "batch-3-1"].map(reached)).toEqual([false, false, false]);
  });
});
