import { existsSync } from "node:fs";
import { z } from "zod";
import type { BatchType } from "../data/dataloader/index.ts";
import { writeFileAtomic } from "../io/files/index.ts";
import { type Maps, MapsSummary, TrainingSummary } from "../io/maps/index.ts";
import type { Model } from "../models/index.ts";
import {
  Callback,
  duration,
  type EventArgs,
  LogFiles,
  type Phase,
  ProgressLine,
  type RunLog,
  type TrainerState,
} from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { type JsonObject, parseWith } from "../utils/config.ts";
import { readFields } from "../utils/fields.ts";

const schema = z.strictObject({
  saveLogs: z.boolean().default(true),
  debug: z.boolean().default(true),
  progressBar: z.boolean().default(true),
});

/**
 * Keeps the logs and the summaries, and shows how far the run is.
 *
 * - `saveLogs` (true): `exec/run-<call>_<time>/{info,debug,error}.log`, and `warning.log` beside the results, since
 *   warnings may be about them.
 * - `debug` (true): with `debug.log`.
 * - `progressBar` (true): one moving line on a terminal (standard error), one line per epoch elsewhere.
 */
export class LoggerCallback extends Callback {
  static readonly name_ = "LoggerCallback";
  readonly saveLogs: boolean;
  readonly debug: boolean;
  readonly progressBar: boolean;
  readonly #progress: ProgressLine;
  #runPath = "";
  #output = "";
  #group = "";
  #summary: TrainingSummary | null = null;
  #start = 0;
  #sum: Record<string, number> = {};
  #count = 0;
  #unread: Readonly<Record<string, number>>[] = [];
  #summarised = false;

  constructor(options: z.input<typeof schema> = {}, progress = new ProgressLine()) {
    super();
    const { saveLogs, debug, progressBar } = parseWith(schema, options, new.target.name);
    this.saveLogs = saveLogs;
    this.debug = debug;
    this.progressBar = progressBar;
    this.#progress = progress;
  }

  override get phase(): Phase {
    return "frame";
  }

  override get ranks(): "main" {
    return "main";
  }

  override onTrainerInit({ model, maps }: EventArgs<"onTrainerInit">): void {
    if (!existsSync(maps.architectureLog)) {
      maps.locked(() => writeFileAtomic(maps.architectureLog, model.toString()));
    }
  }

  override onTrainStart({ maps, state, log, split, computational }: EventArgs<"onTrainStart">): void {
    const dir = maps.training.split(split.index);
    this.#open(maps, state, log, dir.warningLog);
    log.info(`Beginning of training on split ${split.index}`);
    log.info(`Computational configuration: ${computational}`);
    this.#output = dir.path;
    this.#summary = new TrainingSummary(dir.summaryLog);
    this.#summary.create();
    this.#summary.addDataInfo(split.trainDataset.length, split.valDataset.length);
    new MapsSummary(maps.summaryLog).addTrainingSplit(split.index);
    this.#begin();
  }
  override onResume({ maps, state, log, split, computational, checkpoint }: EventArgs<"onResume">): void {
    const dir = maps.training.split(split.index);
    this.#open(maps, state, log, dir.warningLog);
    log.info(`Resuming training on split ${split.index} from ${checkpoint}`);
    log.info(`Computational configuration: ${computational}`);
    this.#output = dir.path;
    this.#summary = new TrainingSummary(dir.summaryLog);
    this.#begin();
  }
  #begin(): void {
    this.#start = performance.now();
    this.#summarised = false;
    this.#forgetLosses();
    this.#progress.begin();
  }
  #forgetLosses(): void {
    this.#sum = {};
    this.#count = 0;
    this.#unread = [];
  }

  override onEpochStart({ state, log }: EventArgs<"onEpochStart">): void {
    log.info(`Beginning of epoch ${state.currentEpoch}`);
    this.#forgetLosses();
  }
  override onBatchStart({ state, log }: EventArgs<"onBatchStart">): void {
    log.debug(`Batch ${state.currentBatch} loaded`);
  }
  /** The table of layers needs a batch that is on its device. */
  override onForwardStepStart({ model, maps, log, batch }: EventArgs<"onForwardStepStart">): void {
    if (this.#summarised) return;
    this.#summarised = true;
    if (existsSync(maps.nnSummaryTxt)) return;
    const summary = this.#summarise(log, model, batch);
    if (summary !== null) maps.locked(() => writeFileAtomic(maps.nnSummaryTxt, summary));
  }
  #summarise(log: RunLog, model: Model, batch: BatchType): string | null {
    using _scope = torch.scope();
    using _grad = torch.noGrad();
    try {
      return model.getSummary(batch);
    } catch (error) {
      // the summary is a convenience: a network that it cannot describe can be trained all the same
      log.debug(`The network could not be summarised: ${error instanceof Error ? error.message : error}`);
      return null;
    }
  }
  override onBatchEnd({ state, log, losses }: EventArgs<"onBatchEnd">): void {
    log.debug(`Processing of batch ${state.currentBatch} completed`);
    if (!this.progressBar) return;
    if (losses !== null) this.#unread.push(losses);
    if (state.stage === "training") {
      const epochsLeft = state.numEpochs - state.currentEpoch;
      this.#progress.update({
        title: `Epoch ${state.currentEpoch}/${state.numEpochs}`,
        batch: state.currentTrainBatch,
        batches: state.numTrainBatches,
        batchesLeft: (epochsLeft + 1) * state.numTrainBatches - state.currentTrainBatch,
        values: () => this.#meanLosses(),
      });
    } else if (state.called !== "train") {
      const { currentBatch: batch, numBatches: batches } = state;
      const title = state.called === "predict" ? "Prediction" : "Evaluation";
      this.#progress.update({ title, batch, batches, batchesLeft: batches - batch, values: () => ({}) });
    }
  }
  /** Looks at the losses: a GPU is waited for. */
  #meanLosses(): Record<string, number> {
    for (const losses of this.#unread.splice(0)) {
      for (const [name, loss] of Object.entries(losses)) this.#sum[name] = (this.#sum[name] ?? 0) + loss;
      this.#count++;
    }
    return Object.fromEntries(Object.entries(this.#sum).map(([name, sum]) => [name, sum / Math.max(this.#count, 1)]));
  }
  override onValidationStart({ log }: EventArgs<"onValidationStart">): void {
    log.info("Beginning of validation");
  }
  #validation: Record<string, number> = {};
  override onValidationEnd({ metrics, log }: EventArgs<"onValidationEnd">): void {
    log.info("End of validation");
    const [row = {}] = metrics.getMetricValues();
    const values = metrics.metricNames.map((name) => [`validation ${name}`, Number(row[name] ?? Number.NaN)] as const);
    this.#validation = Object.fromEntries(values);
  }
  override onEpochEnd({ state, log }: EventArgs<"onEpochEnd">): void {
    log.info(`Epoch ${state.currentEpoch} completed`);
    if (this.progressBar) {
      const values = { ...this.#meanLosses(), ...this.#validation };
      this.#progress.finish(`Split ${state.splitIdx}  epoch ${state.currentEpoch}/${state.numEpochs}`, values);
    }
    this.#validation = {};
  }
  override onTrainEnd({ state, log }: EventArgs<"onTrainEnd">): void {
    this.#summary?.addTrainingEnd(state.currentEpoch, false);
    log.info(`Training completed successfully (stopped after ${state.currentEpoch} epochs)`);
    log.info(`All results, logs, and model checkpoints are saved in ${this.#output}`);
    if (this.progressBar) {
      this.#progress.finish(
        `Split ${state.splitIdx}  done in ${duration((performance.now() - this.#start) / 1000)}  → ${this.#output}`,
        {},
      );
    }
    this.#close(log);
  }

  override onValidateStart({ maps, state, log, modelCheckpoint }: EventArgs<"onValidateStart">): void {
    const dir = maps.training.split(state.splitIdx ?? 0).models.getCheckpointDir(modelCheckpoint);
    this.#open(maps, state, log, dir.warningLog);
    this.#output = dir.path;
    log.info(`Beginning of validation of checkpoint '${modelCheckpoint}' on split ${state.splitIdx}`);
    this.#begin();
  }
  override onValidateEnd({ log }: EventArgs<"onValidateEnd">): void {
    log.info("End of validation");
    log.info(`Validation metrics saved in ${this.#output}`);
    this.#close(log);
  }
  override onTestStart({ maps, state, log, modelCheckpoint, groupName }: EventArgs<"onTestStart">): void {
    const { splitIdx, checkpoint } = maps.training.readCheckpointName(modelCheckpoint);
    const dir = maps.test.group(groupName).results(splitIdx, checkpoint);
    this.#open(maps, state, log, dir.warningLog);
    this.#output = dir.path;
    log.info("Beginning of test");
    new MapsSummary(maps.summaryLog).addTestGroup(groupName);
    this.#begin();
  }
  override onTestEnd({ log }: EventArgs<"onTestEnd">): void {
    log.info("End of test");
    log.info(`Test metrics saved in ${this.#output}`);
    this.#close(log);
  }
  override onPredictStart({ maps, state, log, ...run }: EventArgs<"onPredictStart">): void {
    const { splitIdx, checkpoint } = maps.training.readCheckpointName(run.modelCheckpoint);
    // the file moves with the directory that it is in, when that gets its name
    this.#open(maps, state, log, run.results.warningLog);
    this.#output = maps.prediction.group(run.groupName).results(splitIdx, checkpoint).path;
    this.#group = run.groupName;
    log.info(`Beginning of prediction with '${run.modelCheckpoint}' on group '${run.groupName}'`);
    log.info(`Computational configuration: ${run.computational}`);
    this.#begin();
  }
  override onPredictEnd({ maps, log }: EventArgs<"onPredictEnd">): void {
    new MapsSummary(maps.summaryLog).addPredictionGroup(this.#group);
    log.info("End of prediction");
    log.info(`Predictions saved in ${this.#output}`);
    this.#close(log);
  }

  override onException({ state, exception, log }: EventArgs<"onException">): void {
    this.#progress.clear();
    // null when the run failed before it had begun: the summary on the disk is that of another run
    if (state.called === "train") this.#summary?.addTrainingEnd(state.currentEpoch, true);
    const details = exception instanceof Error ? (exception.stack ?? exception.message) : String(exception);
    if (this.saveLogs && this.#runPath !== "") {
      log.error(`The traceback and potential details remain available in ${this.#runPath}`, details);
    }
    this.#close(log);
  }

  #open(maps: Maps, state: TrainerState, log: RunLog, warningLog: string): void {
    const clear = () => this.#progress.clear();
    if (!this.saveLogs) {
      log.open(null, clear);
      return;
    }
    const run = maps.exec.createRun(state.called ?? "train");
    this.#runPath = run.path;
    log.open(new LogFiles(run, warningLog, this.debug), clear);
  }
  #close(log: RunLog): void {
    this.#progress.clear();
    log.close();
    this.#summary = null;
    this.#runPath = "";
  }

  toDict(): JsonObject {
    return { name_: "LoggerCallback", save_logs: this.saveLogs, debug: this.debug, progress_bar: this.progressBar };
  }
  static fromDict(dict: JsonObject): LoggerCallback {
    const fields = readFields("LoggerCallback", dict, ["save_logs", "debug", "progress_bar"]);
    return new LoggerCallback(fields as z.input<typeof schema>);
  }
}
