/** The examples run as they are, on less data, and learn. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { generateCohort } from "./generate/index.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clinicadl-examples-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** @returns the number that the example prints at its end. */
async function run(name: string, epochs: number): Promise<number> {
  const example = fileURLToPath(new URL(`../../examples/${name}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [example, String(epochs)], { cwd: folder });
  return Number(/held out: ([\d.]+)/.exec(stdout)?.[1]);
}

it("vae: better than the mean of the voxels", async () => {
  await generateCohort({ output: join(folder, "bids"), participants: 12, resolution: 12 });
  // images have the variance 1, which is the loss of their mean
  expect(await run("vae", 30)).toBeLessThan(1);
});

it("segmentation: better than one tissue everywhere", async () => {
  await generateCohort({ output: join(folder, "bids"), participants: 12, resolution: 8, masks: true });
  // one tissue everywhere has at most a third: 1 of itself, and 0 of the two others
  expect(await run("segmentation", 20)).toBeGreaterThan(0.5);
});
