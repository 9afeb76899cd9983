import { z } from "zod";
import type { Maps } from "../io/maps/index.ts";
import { Callback, type EventArgs, LogFiles, type Phase, type RunLog, type TrainerState } from "../run/index.ts";
import { type JsonObject, parseWith } from "../utils/config.ts";
import { readFields } from "../utils/fields.ts";

const schema = z.strictObject({
  saveLogs: z.boolean().default(true),
  debug: z.boolean().default(true),
  progressBar: z.boolean().default(true),
});

/**
 * Keeps the logs of a run, and says whether its progress is shown.
 *
 * - `saveLogs` (true): `exec/run-<call>_<time>/{info,debug,error}.log`, and `warning.log` beside the results, since
 *   warnings may be about them.
 * - `debug` (true): with `debug.log`.
 * - `progressBar` (true): one moving line on a terminal (standard error), one line per epoch elsewhere.
 * @example
 * ```ts
 * const callbacks = [new LoggerCallback({ debug: false, progressBar: false })];
 * const trainer = new Trainer({ maps: "quiet", model, callbacks });
 * ```
 */
export class LoggerCallback extends Callback {
  static readonly name_ = "LoggerCallback";
  static readonly schema = schema;
  readonly saveLogs: boolean;
  readonly debug: boolean;
  readonly progressBar: boolean;
  #runPath = "";
  #output = "";

  constructor(options: z.input<typeof schema> = {}) {
    super();
    const { saveLogs, debug, progressBar } = parseWith(schema, options, new.target.name);
    this.saveLogs = saveLogs;
    this.debug = debug;
    this.progressBar = progressBar;
  }

  override get phase(): Phase {
    return "frame";
  }

  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart({ maps, state, log, split, computational }: EventArgs<"onTrainStart">): void {
    const dir = maps.training.split(split.index);
    this.#open(maps, state, log, dir.warningLog);
    log.info(`Beginning of training on split ${split.index}`);
    log.info(`Computational configuration: ${computational}`);
    this.#output = dir.path;
  }
  override onResume({ maps, state, log, split, computational, checkpoint }: EventArgs<"onResume">): void {
    const dir = maps.training.split(split.index);
    this.#open(maps, state, log, dir.warningLog);
    log.info(`Resuming training on split ${split.index} from ${checkpoint}`);
    log.info(`Computational configuration: ${computational}`);
    this.#output = dir.path;
  }

  override onEpochStart({ state, log }: EventArgs<"onEpochStart">): void {
    log.info(`Beginning of epoch ${state.currentEpoch}`);
  }
  override onBatchStart({ state, log }: EventArgs<"onBatchStart">): void {
    log.debug(`Batch ${state.currentBatch} loaded`);
  }
  override onBatchEnd({ state, log }: EventArgs<"onBatchEnd">): void {
    log.debug(`Processing of batch ${state.currentBatch} completed`);
  }
  override onValidationStart({ log }: EventArgs<"onValidationStart">): void {
    log.info("Beginning of validation");
  }
  override onValidationEnd({ log }: EventArgs<"onValidationEnd">): void {
    log.info("End of validation");
  }
  override onEpochEnd({ state, log }: EventArgs<"onEpochEnd">): void {
    log.info(`Epoch ${state.currentEpoch} completed`);
  }
  override onTrainEnd({ state, log }: EventArgs<"onTrainEnd">): void {
    log.info(`Training completed successfully (stopped after ${state.currentEpoch} epochs)`);
    log.info(`All results, logs, and model checkpoints are saved in ${this.#output}`);
    this.#close(log);
  }

  override onValidateStart({ maps, state, log, modelCheckpoint }: EventArgs<"onValidateStart">): void {
    const dir = maps.training.split(state.splitIdx ?? 0).models.getCheckpointDir(modelCheckpoint);
    this.#open(maps, state, log, dir.warningLog);
    this.#output = dir.path;
    log.info(`Beginning of validation of checkpoint '${modelCheckpoint}' on split ${state.splitIdx}`);
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
  }
  override onTestEnd({ log }: EventArgs<"onTestEnd">): void {
    log.info("End of test");
    log.info(`Test metrics saved in ${this.#output}`);
    this.#close(log);
  }
  override onPredictStart({ maps, state, log, ...run }: EventArgs<"onPredictStart">): void {
    // the file moves with the directory that it is in, when that gets its name
    this.#open(maps, state, log, run.results.warningLog);
    this.#output = run.target.path;
    log.info(`Beginning of prediction with '${run.modelCheckpoint}' on group '${run.groupName}'`);
    log.info(`Computational configuration: ${run.computational}`);
  }
  override onPredictEnd({ log }: EventArgs<"onPredictEnd">): void {
    log.info("End of prediction");
    log.info(`Predictions saved in ${this.#output}`);
    this.#close(log);
  }

  override onException({ exception, log }: EventArgs<"onException">): void {
    const details = exception instanceof Error ? (exception.stack ?? exception.message) : String(exception);
    if (this.saveLogs && this.#runPath !== "") {
      log.error(`The traceback and potential details remain available in ${this.#runPath}`, details);
    }
    this.#close(log);
  }

  #open(maps: Maps, state: TrainerState, log: RunLog, warningLog: string): void {
    if (!this.saveLogs) {
      log.open(null);
      return;
    }
    const run = maps.exec.createRun(state.called ?? "train");
    this.#runPath = run.path;
    log.open(new LogFiles(run, warningLog, this.debug));
  }
  #close(log: RunLog): void {
    log.close();
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
