/** Processes that train together, as `torchrun` starts them: with the environment that it makes, on this machine. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectClose, launch, split, succeed, table, weights } from "./fixtures/launch.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "launched-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What was fitted for the output of a model. */
function calibrationOf(path: string): { readonly threshold: number; readonly n_samples: number } {
  return JSON.parse(readFileSync(path, "utf8")).outputs.output;
}

describe("processes that a launcher started", () => {
  it("train as one with batches of all of them, and evaluate as one does", async () => {
    const [alone, together] = [join(dir, "alone"), join(dir, "together")];
    const common = { action: "train", accumulationSteps: 2 } as const;
    await succeed(1, { ...common, maps: alone, batchSize: 4 });
    await succeed(2, { ...common, maps: together, batchSize: 2 });
    // sums of 512 products in float32 whose terms come in another order: some units of 6e-8 of them, in each of a few steps
    const bound = 1e-5;
    const [here, there] = [weights(alone), weights(together)];
    expect(here).toHaveLength(there.length);
    expect(Math.max(...here.map((value, i) => Math.abs(value - (there[i] ?? Number.NaN))))).toBeLessThan(bound);
    expectClose(
      join(split(alone), "logs", "training_loss.tsv"),
      join(split(together), "logs", "training_loss.tsv"),
      bound,
    );
    for (const name of ["aggregated.tsv", "details.tsv"]) {
      expectClose(
        join(split(alone), "validation_metrics", name),
        join(split(together), "validation_metrics", name),
        bound,
      );
    }
    const copy = join(dir, "together-2");
    cpSync(together, copy, { recursive: true });
    await succeed(1, { maps: alone, action: "evaluate" });
    await succeed(2, { maps: copy, action: "evaluate" });
    await succeed(3, { maps: together, action: "evaluate" });
    const group = (maps: string, what: string) => join(maps, what, "group-others", "results", "split-0", "final");
    for (const maps of [copy, together]) {
      for (const name of ["aggregated.tsv", "details.tsv"]) {
        const of = (maps: string) => join(group(maps, "test"), "metrics", name);
        expectClose(of(alone), of(maps), bound);
        const validated = (maps: string) => join(split(maps), "models", "final", "validation_metrics", name);
        expectClose(validated(alone), validated(maps), bound);
      }
      const calibrated = (maps: string) => calibrationOf(join(split(maps), "models", "final", "calibration.json"));
      const [here, there] = [calibrated(alone), calibrated(maps)];
      expect(Math.abs(here.threshold - there.threshold)).toBeLessThan(bound);
      expect({ ...here, threshold: 0 }).toEqual({ ...there, threshold: 0 });
      expect(here).toMatchObject({ n_samples: 4, n_participants: 4 });
      const outputs = (maps: string) => join(group(maps, "prediction"), "output.tsv");
      expectClose(outputs(alone), outputs(maps), bound);
      expect(readdirSync(group(maps, "prediction"))).toEqual(readdirSync(group(alone, "prediction")));
    }
  });

  it("normalise by the whole batch, and send gradients in fewer bits, where they are told to", async () => {
    const [alone, together, apart, fewer] = ["bn-1", "bn-2", "bn-own", "bn-16"].map((name) => join(dir, name)) as [
      string,
      string,
      string,
      string,
    ];
    const common = { action: "train", norm: true, numEpochs: 2 } as const;
    await succeed(1, { ...common, maps: alone, batchSize: 4 });
    await succeed(2, { ...common, maps: together, computational: { syncBatchnorm: true } });
    await succeed(2, { ...common, maps: apart });
    const compressed = { syncBatchnorm: true, gradientCompression: "float16" } as const;
    await succeed(2, { ...common, maps: fewer, computational: compressed });
    const losses = (maps: string) =>
      table(join(split(maps), "logs", "training_loss.tsv")).flatMap((row) =>
        row.filter((word) => typeof word === "number"),
      );
    const far = (maps: string, from: string) => {
      const [here, there] = [losses(maps), losses(from)];
      expect(here).toHaveLength(there.length);
      return Math.max(...here.map((value, i) => Math.abs(value - (there[i] ?? Number.NaN))));
    };
    expect(losses(alone).length).toBeGreaterThan(4);
    // float32 in another order, through layers that divide by small deviations; without, the statistics are others
    expect(far(together, alone)).toBeLessThan(1e-4);
    expect(far(apart, alone)).toBeGreaterThan(1e-3);
    // gradients of 11 bits
    expect(far(fewer, together)).toBeLessThan(1e-2);
    expect(far(fewer, together)).toBeGreaterThan(0);
  });

  it("end together when one gets a signal, and go on to the same bits", async () => {
    const [whole, stopped] = [join(dir, "whole"), join(dir, "stopped")];
    await succeed(2, { maps: whole, action: "train", dropout: 0.3, seed: 8 });
    const ended = await launch(2, {
      maps: stopped,
      action: "train",
      dropout: 0.3,
      at: { rank: 1, batch: 2, does: "SIGTERM" },
    });
    expect(ended.map(({ code }) => code)).toEqual([143, 143]);
    expect(readdirSync(join(split(stopped), "tmp"))).not.toEqual([]);
    await succeed(2, { maps: stopped, action: "resume", dropout: 0.3 });
    const again = join(dir, "again");
    await succeed(2, { maps: again, action: "train", dropout: 0.3 });
    expect(weights(stopped)).toEqual(weights(again));
    expect(weights(stopped)).not.toEqual(weights(whole));
    expect(table(join(split(stopped), "logs", "training_loss.tsv"))).toEqual(
      table(join(split(again), "logs", "training_loss.tsv")),
    );
  });

  it.each([0, 1])("all end, and say who is gone, when rank %i is killed", async (rank) => {
    const ended = await launch(2, {
      maps: join(dir, `killed-${rank}`),
      action: "train",
      at: { rank, batch: 2, does: "die" },
    });
    expect(ended[rank]?.signal).toBe("SIGKILL");
    const other = ended[1 - rank];
    expect(other?.code).toBe(1);
    expect(other?.errors).toMatch(
      rank === 0
        ? /rank 0 \(.*process \d+\), which held the meeting place, is gone/
        : /rank 1 \(.*process \d+\) is gone/,
    );
    // what was written goes on alone
    await succeed(1, { maps: join(dir, `killed-${rank}`), action: "resume", batchSize: 4 });
  });

  it("all end with the error of the one that fails", async () => {
    const ended = await launch(3, {
      maps: join(dir, "failed"),
      action: "train",
      at: { rank: 2, batch: 1, does: "throw" },
    });
    expect(ended.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(ended[0]?.errors).toContain("there was an error in rank 2: the disk is full");
    expect(ended[2]?.errors).toContain("the disk is full");
  });

  it("all end with what one of them finds wrong when its Trainer is made", async () => {
    const maps = join(dir, "twice");
    mkdirSync(maps);
    writeFileSync(join(maps, "notes.txt"), "of somebody else");
    const ended = await launch(3, { maps, action: "train" });
    expect(ended.map(({ code }) => code)).toEqual([1, 1, 1]);
    const [own = ""] = /(?<=^MapsExistsError: ).*/m.exec(ended[0]?.errors ?? "") ?? [];
    expect(own).toContain(maps);
    for (const rank of [1, 2]) {
      const [, where, told] =
        /there was an error in (rank 0 \(.+, process \d+\)): (.*)/.exec(ended[rank]?.errors ?? "") ?? [];
      expect(where, ended[rank]?.errors).toBeDefined();
      expect(told).toBe(own);
    }
    expect(readdirSync(maps)).toEqual(["notes.txt"]);
  });

  it("train nothing, where one of them was told to train something else", async () => {
    const ended = await launch(2, { maps: join(dir, "others"), action: "train", longer: 1 });
    for (const { code, errors } of ended) {
      expect(code, errors).toBe(1);
      expect(errors).toContain("Rank 1 of 2 does not train what rank 0 does:");
      expect(errors).toContain("optimization.num_epochs: 3 in rank 0, 4 in rank 1");
    }
    expect(existsSync(join(dir, "others", "training", "split-0"))).toBe(false);
  });

  it("say before they begin what one of them finds wrong", async () => {
    const ended = await launch(3, { maps: join(dir, "uneven"), action: "train", batchSize: 1 });
    expect(ended.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(ended[1]?.errors).toContain("The last batch has 1 sample(s) for 3 processes");
    expect(existsSync(join(dir, "uneven", "training", "split-0"))).toBe(false);
  });
});
