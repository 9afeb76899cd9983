import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Maps } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import type { Model } from "../models/index.ts";
import { type EventArgs, RunLog, SingleProcess, TrainerState } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { ModelCheckpointCallback } from "./model-checkpoint.ts";

let dir = "";
let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
  dir = mkdtempSync(join(tmpdir(), "checkpoint-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  expect(torch.memory.live().tensors).toBe(live);
});

const NAN = Number.NaN;

/** A training whose weight is the number of the epoch; `values` of the metrics, null where an epoch is not evaluated. */
class Run implements Disposable {
  readonly maps = new Maps(dir);
  readonly model = new torch.nn.Linear(1, 1, { bias: false });
  readonly #values: Readonly<Record<string, readonly (number | null)[]>>;
  constructor(values: Readonly<Record<string, readonly (number | null)[]>>) {
    this.#values = values;
  }
  get #metrics(): MetricsHandler {
    const value = (name: string, epoch: number) => this.#values[name]?.[epoch - 1] ?? null;
    const row = (epoch: number) =>
      Object.fromEntries(Object.keys(this.#values).map((name) => [name, value(name, epoch)]));
    const evaluated = (epoch: number) => Object.values(row(epoch)).some((number) => number !== null);
    return {
      metrics: { loss: { optimum: "min" }, auc: { optimum: "max" } },
      lossMetricNames: "loss" in this.#values ? ["loss"] : [],
      metricNames: Object.keys(this.#values),
      checkMetricName: (name: string) => {
        if (!(name in this.#values)) throw new ConfigError(`no metric '${name}'`);
      },
      getMetricValue: value,
      getMetricValues: (epoch: number) => (evaluated(epoch) ? [{ epoch, ...row(epoch) }] : []),
      getDetailedMetricValues: (epoch: number) =>
        evaluated(epoch) ? [{ epoch, participant_id: "sub-1", session_id: "ses-1", ...row(epoch) }] : [],
    } as unknown as MetricsHandler;
  }
  train(callback: ModelCheckpointCallback, { from = 1, to = 6, resume = false, end = true } = {}): void {
    const state = new TrainerState();
    state.resetTraining(0, to);
    const model = Object.assign(this.model, { getLossFunctions: () => ({ loss: null }) }) as unknown as Model;
    using log = new RunLog();
    const world = new SingleProcess();
    const args = { model, maps: this.maps, state, log, world, metrics: this.#metrics };
    if (resume) callback.onResume(args as unknown as EventArgs<"onResume">);
    else callback.onTrainStart(args as unknown as EventArgs<"onTrainStart">);
    for (state.currentEpoch = from; state.currentEpoch <= to; state.currentEpoch++) {
      {
        using _grad = torch.noGrad();
        this.model.weight.fill_(state.currentEpoch);
      }
      const evaluated = this.#metrics.getMetricValues(state.currentEpoch).length > 0;
      if (evaluated) callback.onValidationEnd(args);
      callback.onEpochEnd(args);
    }
    state.currentEpoch = to;
    if (end) callback.onTrainEnd(args);
  }
  /** Which models there are, and of which epoch. */
  get saved(): Record<string, number> {
    const { models } = this.maps.training.split(0);
    return Object.fromEntries(
      models.list.map((name) => {
        using _scope = torch.scope();
        const state = torch.load(models.getCheckpointDir(name).modelPt) as Map<string, torch.Tensor>;
        return [name, Number(state.get("weight")?.item())];
      }),
    );
  }
  [Symbol.dispose](): void {
    this.model.dispose();
  }
}

describe("ModelCheckpointCallback", () => {
  it.each<[string, object, readonly (number | null)[], Record<string, number>]>([
    ["the last, by default", {}, [3, 2, 1, 1, 1, 1], { final: 6 }],
    ["nothing", { saveLast: false }, [3, 2, 1, 1, 1, 1], {}],
    [
      "epochs, counted from 1",
      { epochs: [1, 4, 9], saveLast: false },
      [3, 2, 1, 1, 1, 1],
      { "epoch-1": 1, "epoch-4": 4 },
    ],
    ["every so many epochs", { everyNEpochs: 2, saveLast: false }, [], { "epoch-2": 2, "epoch-4": 4, "epoch-6": 6 }],
    ["both", { everyNEpochs: 3, epochs: [2, 3], saveLast: false }, [], { "epoch-2": 2, "epoch-3": 3, "epoch-6": 6 }],
    ["the best, which is strictly better", { metric: "loss" }, [3, 2, 2, 2.5, 1, 1], { "best-loss": 5, final: 6 }],
    ["the best by a high value", { metric: "auc" }, [0.5, 0.7, 0.7, 0.6, 0.65, 0.1], { "best-auc": 2, final: 6 }],
    ["none that is best where all are NaN", { metric: "loss" }, [NAN, NAN, NAN, NAN, NAN, NAN], { final: 6 }],
    ["the best of those evaluated", { metric: "loss" }, [null, 2, null, 3, null, 2.5], { "best-loss": 2, final: 6 }],
    ["none where none is evaluated", { metric: "loss", epochs: [1] }, [null, null], { "epoch-1": 1, final: 6 }],
  ])("saves %s: %o", (_, options, values, saved) => {
    const { metric = "loss" } = options as { metric?: string };
    using run = new Run({ [metric]: values });
    run.train(new ModelCheckpointCallback(options));
    expect(run.saved).toEqual(saved);
  });

  it("saves with each the metrics of that epoch, a header only where it was not evaluated (D23)", () => {
    using run = new Run({ loss: [0.5, null, 0.25], auc: [0.5, null, NAN] });
    run.train(new ModelCheckpointCallback({ metric: "loss", epochs: [2] }), { to: 3 });
    const read = (model: string, file: "aggregatedTsv" | "detailsTsv") =>
      readFileSync(run.maps.training.split(0).models.getCheckpointDir(model).validationMetrics[file], "utf8");
    expect(read("best-loss", "aggregatedTsv")).toBe("epoch\tloss\tauc\n3\t0.25\t\n");
    expect(read("best-loss", "detailsTsv")).toBe(
      "epoch\tparticipant_id\tsession_id\tloss\tauc\n3\tsub-1\tses-1\t0.25\t\n",
    );
    expect(read("epoch-2", "aggregatedTsv")).toBe("epoch\tloss\tauc\n");
    expect(read("epoch-2", "detailsTsv")).toBe("epoch\tparticipant_id\tsession_id\tloss\tauc\n");
    expect(read("final", "aggregatedTsv")).toBe("epoch\tloss\tauc\n3\t0.25\t\n");
  });

  it("replaces a model as a whole, never in place (D9)", () => {
    using run = new Run({ loss: [3, 2, 2] });
    const callback = new ModelCheckpointCallback({ metric: "loss" });
    run.train(callback, { to: 1, end: false });
    const { path, modelPt } = run.maps.training.split(0).models.best("loss");
    const before = readFileSync(modelPt);
    const broken = callback.onValidationEnd.bind(callback);
    // it fails in the middle of writing
    const model = { stateDict: () => ({ weight: () => 1 }) } as unknown as Model;
    const state = Object.assign(new TrainerState(), { currentEpoch: 2, splitIdx: 0 });
    const metrics = { getMetricValue: () => 0 } as unknown as MetricsHandler;
    using log = new RunLog();
    const world = new SingleProcess();
    expect(() => broken({ model, maps: run.maps, state, log, world, metrics })).toThrow(/cannot save|Cannot save/);
    expect(readFileSync(modelPt).equals(before)).toBe(true);
    expect(readdirSync(join(path, ".."))).toEqual(["best-loss"]);
  });

  it("goes on from its state: only what is better than before is best", () => {
    using first = new Run({ loss: [3, 1, 2, 0.5] });
    const one = new ModelCheckpointCallback({ metric: "loss" });
    first.train(one, { to: 2, end: false });
    const state = torch.load(torch.save(one.stateDict()));
    const other = new ModelCheckpointCallback({ metric: "loss" });
    const loaded = Object.assign(other, {
      onResume(args: EventArgs<"onResume">) {
        ModelCheckpointCallback.prototype.onResume.call(other, args);
        other.loadStateDict(state);
      },
    });
    first.train(loaded, { from: 3, to: 3, resume: true, end: false });
    expect(first.saved).toEqual({ "best-loss": 2 });
    const again = torch.load(torch.save(other.stateDict())) as { best: number; num_non_improvements: number };
    expect(again).toEqual({ best: 1, num_non_improvements: 1 });
    expect(new ModelCheckpointCallback().stateDict()).toEqual({});
  });

  it("begins anew with each training", () => {
    using run = new Run({ loss: [1, 2] });
    const callback = new ModelCheckpointCallback({ metric: "loss" });
    run.train(callback, { to: 1 });
    rmSync(run.maps.training.split(0).path, { recursive: true });
    run.train(callback, { from: 2, to: 2 });
    expect(run.saved).toEqual({ "best-loss": 2, final: 2 });
  });

  it("has the defaults of ClinicaDL, and goes to JSON and back, with its own option beside", () => {
    const dict = { name_: "ModelCheckpointCallback", metric: null, epochs: [], save_last: true, mode: null };
    expect(new ModelCheckpointCallback().toDict()).toEqual(dict);
    expect(new ModelCheckpointCallback({ epochs: null }).toDict()).toEqual(dict);
    const callback = new ModelCheckpointCallback({ metric: "auc", epochs: [2], everyNEpochs: 5, saveLast: false });
    const back = ModelCheckpointCallback.fromDict(callback.toDict(), callback.extrasToDict());
    expect({ ...back }).toEqual({ ...callback });
    expect(back.everyNEpochs).toBe(5);
    // what ClinicaDL wrote has no other options
    expect(ModelCheckpointCallback.fromDict(dict).everyNEpochs).toBeNull();
  });

  it.each<[object, RegExp]>([
    [{ epochs: [0] }, /'epochs\.0' got 0/],
    [{ epochs: 3 }, /'epochs' got 3/],
    [{ everyNEpochs: 0 }, /'everyNEpochs' got 0/],
    [{ metric: "val-loss" }, /'val-loss'.*no '-'/],
    [{ metrics: "loss" }, /unknown option 'metrics'/],
  ])("refuses %o", (options, message) => {
    expect(() => new ModelCheckpointCallback(options)).toThrow(message);
  });

  it("refuses a metric that is not there when training begins", () => {
    using run = new Run({ loss: [1] });
    expect(() => run.train(new ModelCheckpointCallback({ metric: "auc" }))).toThrow(/no metric 'auc'/);
    expect(existsSync(run.maps.training.path)).toBe(false);
  });
});
