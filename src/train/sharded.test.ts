/** Processes that hold a part of the weights each, as `torchrun` starts them. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { expectClose, launch, split, succeed, table, weights } from "./fixtures/launch.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "sharded-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const sharded = { fullyShardedDataParallel: true } as const;
/** From the first epoch on, so that those before an interruption count, and with a learning rate that goes on. */
const swa = [{ name_: "SWACallback", startEpoch: 1, swaLr: 0.001, annealEpochs: 2 }] as const;
const lossesOf = (maps: string) => join(split(maps), "logs", "training_loss.tsv");

/** The largest difference of weights that trainings have left. */
function far(left: string, right: string): number {
  const [here, there] = [weights(left), weights(right)];
  expect(here).toHaveLength(there.length);
  return Math.max(...here.map((value, i) => Math.abs(value - (there[i] ?? Number.NaN))));
}

/** The moments of Adam in the last checkpoint: their shapes, and the numbers. */
function moments(maps: string): { readonly shapes: unknown[]; readonly numbers: number[] } {
  using _scope = torch.scope();
  const tmp = join(split(maps), "tmp");
  const [last = ""] = readdirSync(tmp)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .slice(-1);
  const saved = torch.load(join(tmp, last, "optimizer.pt")) as { optimizer: torch.optim.OptimizerStateDict };
  const tensors = [...saved.optimizer.state.values()].map(({ exp_avg_sq: squares }) => squares as torch.Tensor);
  return {
    shapes: tensors.map(({ shape }) => shape),
    numbers: tensors.flatMap((tensor) => [...tensor.toTypedArray()].map(Number)),
  };
}

describe("processes that share the weights", () => {
  it.each([2, 3])("train as one does, in float64 (%i)", async (size) => {
    const [alone, together] = [join(dir, `alone-${size}`), join(dir, `together-${size}`)];
    // an epoch of 10 samples in windows of two batches, the last of which are smaller
    const common = { action: "train", deep: true, accumulationSteps: 2 } as const;
    await succeed(1, { ...common, maps: alone, batchSize: 2 * size });
    await succeed(size, { ...common, maps: together, batchSize: 2, computational: sharded });
    const bound = 1e-6;
    expect(far(alone, together)).toBeLessThan(bound);
    expectClose(lossesOf(alone), lossesOf(together), bound);
    expectClose(
      join(split(alone), "logs", "gradient_norm.tsv"),
      join(split(together), "logs", "gradient_norm.tsv"),
      bound,
    );
    for (const name of ["aggregated.tsv", "details.tsv"]) {
      const of = (maps: string) => join(split(maps), "validation_metrics", name);
      expectClose(of(alone), of(together), bound);
    }
    // the last checkpoint is that of one process, which goes on with it
    const [one, all] = [moments(alone), moments(together)];
    expect(all.shapes).toEqual(one.shapes);
    expect(Math.max(...one.numbers.map((value, i) => Math.abs(value - (all.numbers[i] ?? Number.NaN))))).toBeLessThan(
      bound,
    );
  });

  it("end together when one gets a signal, and go on to the same bits", async () => {
    const [whole, stopped] = [join(dir, "whole"), join(dir, "stopped")];
    const common = { deep: true, computational: sharded } as const;
    const at = { rank: 1, batch: 2, does: "SIGTERM" } as const;
    await succeed(2, { ...common, maps: whole, action: "train", dropout: 0.3 });
    const ended = await launch(2, { ...common, maps: stopped, action: "train", dropout: 0.3, at });
    expect(ended.map(({ code }) => code)).toEqual([143, 143]);
    await succeed(2, { ...common, maps: stopped, action: "resume", dropout: 0.3 });
    expect(weights(stopped)).toEqual(weights(whole));
    expect(table(lossesOf(stopped))).toEqual(table(lossesOf(whole)));
    // ClinicaDL reads what it knows, and goes on with whole weights
    const recorded = (...names: string[]) => JSON.parse(readFileSync(join(split(whole), ...names), "utf8")) as object;
    expect(Object.keys(recorded("computational.json"))).not.toContain("fully_sharded_data_parallel");
    expect(recorded(".clinicadl-ts", "computational.json")).toEqual({ fully_sharded_data_parallel: true });
  });

  it("leave checkpoints with which one process goes on", async () => {
    const [alone, left] = [join(dir, "alone-whole"), join(dir, "left")];
    await succeed(1, { deep: true, maps: alone, action: "train", batchSize: 4 });
    const at = { rank: 0, batch: 2, does: "SIGTERM" } as const;
    const ended = await launch(2, { deep: true, computational: sharded, maps: left, action: "train", at });
    expect(ended.map(({ code }) => code)).toEqual([143, 143]);
    await succeed(1, { deep: true, maps: left, action: "resume", batchSize: 4 });
    expect(far(alone, left)).toBeLessThan(1e-6);
  });

  // in the last batch a process may have one sample, of which there is no variance
  it.each([2, 3])("normalise by the whole batch, and average the weights of epochs, as one does (%i)", async (size) => {
    const [alone, together] = [join(dir, `swa-alone-${size}`), join(dir, `swa-together-${size}`)];
    const common = { action: "train", deep: true, norm: true, accumulationSteps: 2, callbacks: swa } as const;
    await succeed(1, { ...common, maps: alone, batchSize: 2 * size });
    await succeed(size, { ...common, maps: together, computational: { ...sharded, syncBatchnorm: true } });
    const bound = 1e-6;
    // the averages, with statistics of their own
    expect(far(alone, together)).toBeLessThan(bound);
    expectClose(lossesOf(alone), lossesOf(together), bound);
    const details = (maps: string) => join(split(maps), "validation_metrics", "details.tsv");
    expectClose(details(alone), details(together), bound);
    const last = join(dir, `swa-none-${size}`);
    await succeed(1, { ...common, maps: last, batchSize: 2 * size, callbacks: [] });
    expect(far(alone, last)).toBeGreaterThan(1000 * bound);
  });

  it("go on to the same averages, and statistics of the whole batch", async () => {
    const [whole, stopped] = [join(dir, "swa-whole"), join(dir, "swa-stopped")];
    const computational = { ...sharded, syncBatchnorm: true } as const;
    const common = { deep: true, norm: true, dropout: 0.3, computational, callbacks: swa } as const;
    await succeed(2, { ...common, maps: whole, action: "train" });
    const at = { rank: 1, batch: 2, does: "SIGTERM" } as const;
    const ended = await launch(2, { ...common, maps: stopped, action: "train", at });
    expect(ended.map(({ code }) => code)).toEqual([143, 143]);
    await succeed(2, { ...common, maps: stopped, action: "resume" });
    expect(weights(stopped)).toEqual(weights(whole));
    expect(table(lossesOf(stopped))).toEqual(table(lossesOf(whole)));
  });

  it("compute with mixed precision as those with whole weights", async () => {
    const [plain, mixed] = [join(dir, "plain-bf16"), join(dir, "sharded-bf16")];
    // layers whose weights are gathered are not one kernel with others, and round to the 8 bits of bfloat16 once more
    const common = { action: "train", norm: true, numEpochs: 2 } as const;
    await succeed(2, { ...common, maps: plain, computational: { amp: true } });
    await succeed(2, { ...common, maps: mixed, computational: { amp: true, ...sharded } });
    expect(far(plain, mixed)).toBeLessThan(2e-3);
  });

  it.each([0, 1])("all end, and say who is gone, when rank %i is killed", async (rank) => {
    const maps = join(dir, `killed-${rank}`);
    const common = { deep: true, computational: sharded, maps } as const;
    const ended = await launch(2, { ...common, action: "train", at: { rank, batch: 2, does: "die" } });
    expect(ended[rank]?.signal).toBe("SIGKILL");
    expect(ended[1 - rank]?.code).toBe(1);
    expect(ended[1 - rank]?.errors).toMatch(/rank [01] \(.*process \d+\)(, which held the meeting place,)? is gone/);
    await succeed(1, { ...common, action: "resume", batchSize: 4 });
  });

  it("all end with the error of the one that fails", async () => {
    const at = { rank: 2, batch: 1, does: "throw" } as const;
    const common = { deep: true, computational: sharded } as const;
    const ended = await launch(3, { ...common, maps: join(dir, "failed"), action: "train", at });
    expect(ended.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(ended[0]?.errors).toContain("there was an error in rank 2: the disk is full");
    expect(ended[2]?.errors).toContain("the disk is full");
  });

  it.each([
    [
      "averages of each step",
      { callbacks: [{ name_: "EMACallback" }] },
      /EMACallback averages whole weights.*SWACallback/,
    ],
    [
      "smaller gradients",
      { computational: { ...sharded, gradientCompression: "float16" as const } },
      /'gradientCompression' is "float16"/,
    ],
  ])("say before they begin that they do not have %s", async (name, options, message) => {
    const maps = join(dir, name);
    const ended = await launch(2, { computational: sharded, ...options, maps, action: "train" });
    expect(ended.map(({ code }) => code)).toEqual([1, 1]);
    expect(ended[1]?.errors).toMatch(message);
    expect(existsSync(join(maps, "training", "split-0"))).toBe(false);
  });
});
