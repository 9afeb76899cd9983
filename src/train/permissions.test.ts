import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { LoggerCallback, ModelCheckpointCallback, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { toyModel, toySplit } from "./fixtures/toy.ts";
import { Trainer } from "./trainer.ts";

let dir = "";
let umask = 0;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "umask-"));
  umask = process.umask();
});
afterEach(() => {
  process.umask(umask);
  rmSync(dir, { recursive: true, force: true });
});

/** A group that shares its results sets its umask so that all of them can write. */
it.each([0o002, 0o077])("respects the umask %i in every file and directory", async (mask) => {
  process.umask(mask);
  using trainer = new Trainer({
    maps: join(dir, "maps"),
    model: toyModel(),
    optimization: { numEpochs: 2 },
    callbacks: [
      new LoggerCallback({ progressBar: false }),
      new TrainingCheckpointCallback({ everyNEpochs: 1 }),
      new ModelCheckpointCallback({ metric: "loss", epochs: [1] }),
    ],
  });
  await trainer.train(toySplit(), { computational: { gpu: false, seed: 1 } });
  const entries = readdirSync(join(dir, "maps"), { recursive: true, encoding: "utf8" });
  expect(entries.length).toBeGreaterThan(40);
  for (const entry of entries) {
    const stat = statSync(join(dir, "maps", entry));
    expect(stat.mode & 0o777, entry).toBe((stat.isDirectory() ? 0o777 : 0o666) & ~mask);
  }
});
