/** What an MLflow server is told is read back by MLflow's client; and what becomes of a training whose server is not well. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { mlflowPython } from "../../scripts/python-environment.mjs";
import { Callback, type EventArgs, MLflowCallback } from "../../src/callbacks/index.ts";
import { readTsv } from "../../src/io/tsv/index.ts";
import { toySplit } from "../../src/train/fixtures/toy.ts";
import { computational, Trainers } from "../../src/train/fixtures/trainers.ts";
import { freePort, listen, MLflowServer } from "./mlflow-server.ts";

interface Run {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly tags: Record<string, string>;
  readonly params: Record<string, string>;
  readonly metrics: Record<string, [step: number, value: string][]>;
  readonly artifacts: string[];
}
function read(uri: string, experiment: string): Run[] {
  const script = join(import.meta.dirname, "read_mlflow.py");
  return JSON.parse(execFileSync(mlflowPython(), [script, uri, experiment], { encoding: "utf8" }));
}

/** Does something at a batch of an epoch: the second one. */
class At extends Callback {
  readonly #epoch: number;
  readonly #act: () => void | Promise<void>;
  constructor(epoch: number, act: () => void | Promise<void>) {
    super();
    this.#epoch = epoch;
    this.#act = act;
  }
  override async onBatchEnd({ state, losses }: EventArgs<"onBatchEnd">): Promise<void> {
    if (losses !== null && state.currentEpoch === this.#epoch && state.currentTrainBatch === 2) await this.#act();
  }
}
function breakOff(): void {
  throw new Error("broken off");
}
const steps = (curve: Run["metrics"][string] | undefined): number[] => (curve ?? []).map(([step]) => step);

describe("MLflowCallback", () => {
  const trainers = Trainers.forEachTest();

  it("tells a server of each split, in one run also after an interruption, and of what came while it was away", async () => {
    const port = await freePort();
    await using first = await new MLflowServer(trainers.dir, port).ready();
    const options = { trackingUri: first.uri, experimentName: "toy", tags: { site: "A" }, timeout: 120 };
    const callbacks = () => [new MLflowCallback(options)];
    const optimization = { numEpochs: 3 };
    const trainer = trainers.make("maps", { callbacks: [...callbacks(), new At(3, breakOff)], optimization });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("broken off");
    const [, failed] = read(first.uri, "toy");
    expect([failed?.name, failed?.status]).toEqual(["split-0", "FAILED"]);

    // the server is away when the training goes on, and comes back in its last epoch
    await first[Symbol.asyncDispose]();
    await using comeback = new AsyncDisposableStack();
    const restart = async () => void comeback.use(await new MLflowServer(trainers.dir, port).ready());
    const resumed = await trainers.fromMaps("maps", { callbacks: [...callbacks(), new At(3, restart)] });
    await resumed.resume({ splitIdx: 0, split: toySplit() });

    const runs = read(first.uri, "toy");
    expect(runs.map(({ name, status }) => [name, status])).toEqual([
      ["maps", "FINISHED"],
      ["split-0", "FINISHED"],
    ]);
    const [parent, own] = runs;
    expect(own?.id).toBe(failed?.id);
    expect(own?.tags["mlflow.parentRunId"]).toBe(parent?.id);
    expect(own?.tags.site).toBe("A");
    const split = trainer.maps.training.split(0);
    const losses = readTsv(split.trainingLossTsv);
    expect(losses.length).toBe(9);
    expect(own?.metrics["train/loss"]?.map(([step, value]) => [step, Number(value)])).toEqual(
      losses.map((row, i) => [i + 1, Number(row.loss)]),
    );
    expect(steps(own?.metrics["learning_rate/optimizer"])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(steps(own?.metrics["validation/loss"])).toEqual([3, 6, 9]);
    expect(steps(own?.metrics["epoch/loss"])).toEqual([3, 6, 9]);
    expect(own?.params["optimization.num_epochs"]).toBe("3");
    expect(own?.params["computational.seed"]).toBe("42");
    expect(own?.artifacts.toSorted()).toEqual(
      ["computational", "dataloader", "metrics", "model", "optimization"].map((name) => `config/${name}.json`),
    );
    const warnings = readFileSync(split.warningLog, "utf8");
    expect(warnings.match(/MLflow cannot be told/g)?.length).toBe(1);
  });

  it("tells a server of a complete training what it lacks, when it is asked to", async () => {
    const port = await freePort();
    const options = { trackingUri: `http://127.0.0.1:${port}`, experimentName: "late", timeout: 0.5 };
    const trainer = trainers.make("maps", { callbacks: [new MLflowCallback(options)], optimization: { numEpochs: 2 } });
    await trainer.train(toySplit(), { computational });
    const sync = (...more: string[]) => {
      const program = join(import.meta.dirname, "../../src/cli/index.ts");
      const args = [program, "sync", trainer.maps.path, "--json", ...more];
      return spawnSync(process.execPath, args, { encoding: "utf8" });
    };
    expect(sync().stderr).toMatch(/^clinicadl: MLflow at http:\S+ cannot be told of split 0: .*ECONNREFUSED/);

    await using server = await new MLflowServer(trainers.dir, port).ready();
    const [told] = JSON.parse(sync().stdout);
    expect(told).toEqual({ tracker: "MLflow", split: 0, sent: expect.any(Number) });
    const [, own] = read(server.uri, "late");
    expect(told.sent).toBe(Object.values(own?.metrics ?? {}).flat().length);
    expect([own?.name, own?.status]).toEqual(["split-0", "FINISHED"]);
    expect(steps(own?.metrics["train/loss"])).toEqual([1, 2, 3, 4, 5, 6]);
    expect(steps(own?.metrics["validation/loss"])).toEqual([3, 6]);

    // again there is nothing to send; another experiment gets all of it
    expect(JSON.parse(sync().stdout)).toEqual([{ tracker: "MLflow", split: 0, sent: 0 }]);
    expect(read(server.uri, "late").map(({ metrics }) => steps(metrics["train/loss"]))).toEqual([
      [],
      [1, 2, 3, 4, 5, 6],
    ]);
  });

  it("does not stop a training whose server is never there, nor one whose server never answers", async () => {
    vi.stubEnv("MLFLOW_TRACKING_TOKEN", "very-secret");
    const asked: (string | undefined)[] = [];
    const silent = createServer((request) => void asked.push(request.headers.authorization));
    const port = await listen(silent, 0);
    try {
      // the thread that tells a server is still to start where the training is as short: the silent one is given time to be asked
      for (const [name, where, timeout] of [
        ["away", await freePort(), 0.5],
        ["silent", port, 15],
      ] as const) {
        const callbacks = [new MLflowCallback({ trackingUri: `http://127.0.0.1:${where}`, timeout })];
        const trainer = trainers.make(name, { callbacks, optimization: { numEpochs: 1 } });
        await trainer.train(toySplit(), { computational });
        const split = trainer.maps.training.split(0);
        expect(existsSync(split.completeJson)).toBe(true);
        expect(readFileSync(split.warningLog, "utf8")).toContain(
          `MLflow did not take all of the training within ${timeout} s`,
        );
      }
      expect(new Set(asked)).toEqual(new Set(["Bearer very-secret"]));
      const files = readdirSync(trainers.dir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      const telling = files.filter((one) => readFileSync(join(one.parentPath, one.name)).includes("very-secret"));
      expect(telling).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      silent.closeAllConnections();
      silent.close();
    }
  });

  it("refuses at the start what is no address, or holds a password; and no address at all", async () => {
    expect(() => new MLflowCallback({ trackingUri: "mlruns" })).toThrow(/'trackingUri' got 'mlruns'/);
    expect(() => new MLflowCallback({ trackingUri: "https://me:secret@host" })).toThrow(/written into the MAPS/);
    vi.stubEnv("MLFLOW_TRACKING_URI", undefined);
    const trainer = trainers.make("maps", { callbacks: [new MLflowCallback()], optimization: { numEpochs: 1 } });
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow(/set the variable MLFLOW_TRACKING_URI/);
    vi.unstubAllEnvs();
  });
});
