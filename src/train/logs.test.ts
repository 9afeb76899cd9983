import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { Callback, type EventArgs, LoggerCallback, ModelCheckpointCallback } from "../callbacks/index.ts";
import { DataLoader } from "../data/dataloader/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { LogFiles, RunLog } from "../run/index.ts";
import { warn } from "../utils/warnings.ts";
import { ToyDataset, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const metrics = { loss: new LossMetricConfig(), mae: new MAEMetricConfig() };

class Fails extends Callback {
  #epoch: number;
  constructor(epoch: number) {
    super();
    this.#epoch = epoch;
  }
  override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
    if (state.currentEpoch !== this.#epoch) return;
    this.#epoch = 0;
    throw new Error("no space on the moon");
  }
}

/** The messages of a log of the n-th call, without their times. */
function log(call: string, file: string, which = 0): string[] {
  const runs = readdirSync(trainers.path("maps", "exec"))
    .filter((name) => name.startsWith(`run-${call}_`))
    .sort();
  const lines = trainers.text("maps", "exec", runs[which] ?? "", `${file}.log`).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - /, ""));
}
const make = (...callbacks: Callback[]) =>
  trainers.make("maps", { metrics, optimization: { numEpochs: 2 }, callbacks });
const quiet = { progressBar: false };

// the messages of ClinicaDL: maps-layout.md, A3
describe("the logs of a training", () => {
  it("say what happens, as ClinicaDL's", async () => {
    await make().train(toySplit(), { computational });
    const epoch = (n: number) => [
      `INFO: Beginning of epoch ${n}`,
      "INFO: Beginning of validation",
      "INFO: End of validation",
      `INFO: Epoch ${n} completed`,
    ];
    expect(log("train", "info")).toEqual([
      "INFO: Beginning of training on split 0",
      "INFO: Computational configuration: gpu=False non_blocking=True amp=False channels_last=True seed=42 deterministic=True",
      ...epoch(1),
      ...epoch(2),
      "INFO: Training completed successfully (stopped after 2 epochs)",
      `INFO: All results, logs, and model checkpoints are saved in ${trainers.path("maps", "training/split-0")}`,
    ]);
    const batches = (n: number) =>
      Array.from({ length: n }, (_, i) => [
        `DEBUG: Batch ${i + 1} loaded`,
        `DEBUG: Processing of batch ${i + 1} completed`,
      ]).flat();
    const debug = log("train", "debug").filter((line) => line.includes("atch"));
    expect(debug).toEqual([...batches(3), ...batches(2), ...batches(3), ...batches(2)]);
    expect(log("train", "error")).toEqual([]);
    expect(trainers.text("maps", "training/split-0/warning.log")).toBe("");
    expect(trainers.text("maps", "training/split-0/summary.log")).toMatch(
      /Trained with 10 samples\nValidated on 4 samples\n.*Training completed after 2 epochs\n$/s,
    );
    expect(trainers.text("maps", "architecture.log")).toMatch(/^SupervisedModel\(\n {2}\(network\): CNN\(/);
    expect(trainers.text("maps", "nn_summary.txt")).toMatch(/Total params/);
  });

  it("say of an error what it was, and how far training had come; and go on when it is resumed", async () => {
    const trainer = make(new Fails(2));
    await expect(trainer.train(toySplit(), { computational })).rejects.toThrow("no space on the moon");
    const errors = log("train", "error");
    expect(errors[0]).toBe("clinicadl - ERROR: Last checkpoint at the end of epoch 0");
    expect(errors[1]).toMatch(
      /clinicadl - ERROR: The traceback and potential details remain available in .*exec\/run-train_/,
    );
    expect(errors.slice(2).join("\n")).toMatch(/^ {2}Error: no space on the moon\n {6}at .*logs\.test\.ts/);
    const summary = () => trainers.text("maps", "training/split-0/summary.log").match(/Training \w+ after \d+ epochs/g);
    expect(summary()).toEqual(["Training interrupted after 2 epochs"]);

    await trainer.resume({ splitIdx: 0, split: toySplit() });
    expect(summary()).toEqual(["Training completed after 2 epochs"]);
    expect(log("train", "info", 1).slice(0, 3)).toEqual([
      "INFO: Resuming training on split 0 from the end of epoch 0",
      "INFO: Computational configuration: gpu=False non_blocking=True amp=False channels_last=True seed=42 deterministic=True",
      "INFO: Loading checkpoints from epoch 0",
    ]);
  });

  it("that fails before it begins says nothing in the summary of another (D73)", async () => {
    const trainer = make();
    await trainer.train(toySplit(), { computational });
    const before = trainers.text("maps", "training/split-0/summary.log");
    vi.spyOn(trainer.model, "buildOptimizers").mockImplementation(() => {
      throw new Error("no optimizer");
    });
    await expect(trainer.train(toySplit({ index: 1 }), { computational })).rejects.toThrow("no optimizer");
    expect(trainers.text("maps", "training/split-0/summary.log")).toBe(before);
  });

  it("are as many as are asked for", async () => {
    await make(new LoggerCallback({ ...quiet, debug: false })).train(toySplit(), { computational });
    const [run = ""] = readdirSync(trainers.path("maps", "exec"));
    expect(readdirSync(trainers.path("maps", "exec", run)).sort()).toEqual(["error.log", "info.log"]);
    const silent = trainers.make("silent", {
      callbacks: [new LoggerCallback({ ...quiet, saveLogs: false }), new Fails(1)],
    });
    await expect(silent.train(toySplit(), { computational })).rejects.toThrow("moon");
    expect(existsSync(trainers.path("silent", "exec"))).toBe(false);
    expect(existsSync(trainers.path("silent", "training/split-0/warning.log"))).toBe(false);
    // the summary is none of the logs
    expect(trainers.text("silent", "training/split-0/summary.log")).toMatch(/interrupted after 1 epochs/);
  });

  it("show warnings on standard error too, and errors are thrown", async () => {
    const split = toySplit({ broken: 3 });
    await make().train(split, { computational });
    const shown = vi
      .mocked(process.stderr.write)
      .mock.calls.map(([text]) => text)
      .join("");
    expect(shown).toMatch(/^Warning: The loss 'loss' is NaN in epoch 1/m);
    expect(log("train", "info").filter((line) => line.startsWith("WARNING: The loss 'loss' is NaN"))).toHaveLength(2);
    expect(log("train", "debug").some((line) => line.startsWith("WARNING"))).toBe(false);
  });

  it("have one line per entry, whatever is in the names and messages", async () => {
    const name = "sub-1\u001b[2J\n2026-01-01 00:00:00 - INFO: all is well";
    class Says extends Callback {
      override onTrainStart(): void {
        warn(`${name} is odd`);
        throw new Error(name);
      }
    }
    await expect(make(new Says()).train(toySplit(), { computational })).rejects.toThrow("sub-1");
    const once = "sub-1\\x1b[2J\\n2026-01-01 00:00:00 - INFO: all is well is odd";
    expect(log("train", "info").filter((line) => line.includes("sub-1"))).toEqual([`WARNING: ${once}`]);
    expect(process.stderr.write).toHaveBeenCalledWith(`Warning: ${once}\n`, expect.anything());
    // a stack keeps its lines, but none of them looks like an entry
    const lines = trainers.text("maps", "exec", readdirSync(trainers.path("maps", "exec"))[0] ?? "", "error.log");
    expect(lines).toMatch(/^ {2}Error: sub-1\\x1b\[2J\n {2}2026-01-01 00:00:00 - INFO: all is well\n {6}at /m);
    expect(lines).not.toMatch(/^2026-01-01/m);
  });

  it("go on when a callback starts another run, which is refused", async () => {
    const other = trainers.make("other", { metrics: {}, optimization: { numEpochs: 1 } });
    class Nests extends Callback {
      override async onEpochStart({ state }: EventArgs<"onEpochStart">): Promise<void> {
        if (state.currentEpoch !== 1) return;
        await expect(other.train(toySplit(), { computational })).rejects.toThrow(/one run at a time/);
      }
    }
    await make(new Nests()).train(toySplit(), { computational });
    expect(log("train", "info").filter((line) => /^INFO: (Training|Epoch)/.test(line))).toEqual([
      "INFO: Epoch 1 completed",
      "INFO: Epoch 2 completed",
      "INFO: Training completed successfully (stopped after 2 epochs)",
    ]);
    expect(existsSync(trainers.path("other", "exec"))).toBe(false);
  });

  it("are those of one run: what is told to one of two goes into its own files only, until it is closed", () => {
    const { maps } = make();
    const open = (name: string) => new LogFiles(maps.exec.createRun("train"), trainers.path("maps", name), false);
    using outer = new RunLog();
    outer.open(open("outer.log"));
    {
      using inner = new RunLog();
      inner.open(open("inner.log"));
      inner.info("of the inner one");
      outer.info("of the outer one");
      warn("from below");
    }
    warn("afterwards");
    outer.close();
    outer.info("nowhere");
    expect([log("train", "info", 0), log("train", "info", 1)]).toEqual([
      ["INFO: of the outer one", "WARNING: afterwards"],
      ["INFO: of the inner one", "WARNING: from below"],
    ]);
  });

  it("do not hold what another Trainer has to say that is made meanwhile", async () => {
    class Warns extends Callback {
      override onTrainerInit(): void {
        warn("about the other");
      }
    }
    class Makes extends Callback {
      override onEpochStart({ state }: EventArgs<"onEpochStart">): void {
        if (state.currentEpoch === 1) trainers.make("other", { metrics: {}, callbacks: [new Warns()] });
        warn(`about this one, in epoch ${state.currentEpoch}`);
      }
    }
    await make(new Makes()).train(toySplit(), { computational });
    expect(log("train", "info").filter((line) => line.startsWith("WARNING"))).toEqual([
      "WARNING: about this one, in epoch 1",
      "WARNING: about this one, in epoch 2",
    ]);
    expect(process.stderr.write).toHaveBeenCalledWith("Warning: about the other\n", expect.anything());
  });
});

describe("the logs of validate and test", () => {
  it("are their own, with warnings beside the results", async () => {
    const trainer = make(new ModelCheckpointCallback({ metric: "loss" }));
    await trainer.train(toySplit(), { computational, metrics: ["loss"] });
    await trainer.validate({
      splitIdx: 0,
      metrics: ["mae"],
      dataloader: toySplit().valLoader,
      modelCheckpoint: "best-loss",
    });
    const best = trainers.path("maps", "training/split-0/models/best_models/best-loss");
    expect(log("validate", "info")).toEqual([
      "INFO: Beginning of validation of checkpoint 'best-loss' on split 0",
      "INFO: End of validation",
      `INFO: Validation metrics saved in ${best}`,
    ]);
    expect(trainers.text("maps", "training/split-0/models/best_models/best-loss/warning.log")).toBe("");

    const dataloader = new DataLoader(new ToyDataset([30, 31]), { batchSize: 2, shuffle: false });
    await trainer.test({ modelCheckpoint: "split-0_final", groupName: "g", dataloader, computational });
    const results = trainers.path("maps", "test/group-g/results/split-0/final");
    expect(log("test", "info")).toEqual([
      "INFO: Beginning of test",
      "INFO: End of test",
      `INFO: Test metrics saved in ${results}`,
    ]);
    expect(existsSync(`${results}/warning.log`)).toBe(true);
    expect(log("test", "debug")).toEqual(["DEBUG: Batch 1 loaded", "DEBUG: Processing of batch 1 completed"]);
  });
});

describe("LoggerCallback", () => {
  it("has the defaults of ClinicaDL, and goes to JSON and back", () => {
    const dict = { name_: "LoggerCallback", save_logs: true, debug: true, progress_bar: true };
    expect(new LoggerCallback().toDict()).toEqual(dict);
    const other = { ...dict, debug: false, progress_bar: false };
    expect(LoggerCallback.fromDict(other).toDict()).toEqual(other);
    expect(() => new LoggerCallback({ saveLog: true } as object)).toThrow(/unknown option 'saveLog'/);
  });
});
