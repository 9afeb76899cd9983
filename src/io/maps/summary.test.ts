import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MapsSummary, TrainingSummary } from "./summary.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "summary-"));
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(new Date(2026, 10, 3, 6, 32, 8));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

// as ClinicaDL writes them: maps-layout.md, A3
describe("summary.log", () => {
  it("of a MAPS lists splits with their dates, and groups", () => {
    const summary = new MapsSummary(join(dir, "summary.log"));
    summary.create();
    summary.addTrainingSplit(0);
    summary.addTestGroup("external");
    summary.addTrainingSplit(1);
    summary.addPredictionGroup("new");
    summary.addTestGroup("external");
    vi.setSystemTime(new Date(2026, 10, 4, 16, 0, 0));
    summary.addTrainingSplit(0);
    expect(readFileSync(summary.file, "utf8")).toBe(`==================== MAPS summary ====================

Date: 2026 Nov 03, 06:32:08
Path: ${dir}

---------------------- Training ----------------------

Splits
   - 0
      Date: 2026 Nov 04, 16:00:00
   - 1
      Date: 2026 Nov 03, 06:32:08

------------------------ Test ------------------------

Groups
   - external

--------------------- Prediction ---------------------

Groups
   - new

`);
  });

  it("is made when it is not there", () => {
    new MapsSummary(join(dir, "summary.log")).addTestGroup("a");
    expect(readFileSync(join(dir, "summary.log"), "utf8")).toMatch(/MAPS summary.*Groups\n {3}- a\n\n$/s);
  });

  it("of a split tells the samples, and how it ended", () => {
    const summary = new TrainingSummary(join(dir, "summary.log"));
    summary.create();
    summary.addDataInfo(1234567, 234);
    summary.addTrainingEnd(3, true);
    summary.addTrainingEnd(1000, false);
    const rule = "=".repeat(48);
    expect(readFileSync(summary.file, "utf8")).toBe(`${rule} Training ${rule}

Date: 2026 Nov 03, 06:32:08

Trained with 1,234,567 samples
Validated on 234 samples

Training interrupted after 3 epochs

Training completed after 1,000 epochs
`);
  });
});
