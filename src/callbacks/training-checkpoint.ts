import { z } from "zod";
import type { CheckpointDir, Position } from "../io/maps/index.ts";
import {
  anyOf,
  Callback,
  captureSnapshot,
  type EventArgs,
  loadCheckpoint,
  optimizerStates,
  type Phase,
  type RunSnapshot,
  saveCheckpoint,
} from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { type JsonObject, parseWith } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { readExtras, readFields } from "../utils/fields.ts";

const schema = z.strictObject({
  everyNEpochs: z.int().positive().default(10),
  everyNSteps: z.int().positive().nullable().default(null),
  everyMinutes: z.number().positive().nullable().default(30),
  keep: z.int().min(2).default(2),
  enabled: z.boolean().default(true),
});

/**
 * Writes checkpoints, from which a training that was interrupted goes on as if it had not been (`Trainer.resume`):
 * model, optimizers, scaler, callbacks, metrics, random streams, best models, position in the epoch.
 *
 * - `everyNEpochs` (10): after each tenth epoch.
 * - `everyNSteps` (none): after so many optimization steps.
 * - `everyMinutes` (30): after the step in which that much time has passed since the last one; null: never.
 * - `keep` (2): how many of the newest are kept during training; at least 2, so that a damaged one leaves another.
 * - `enabled` (true).
 *
 * One is written when training begins, one when a signal ends it, and one at its end, which stays, so that training can
 * go on for more epochs. To keep weights for good, use `ModelCheckpointCallback`.
 * @example
 * ```ts
 * const callbacks = [new TrainingCheckpointCallback({ everyNEpochs: 1, everyMinutes: 5, keep: 3 })];
 * const trainer = new Trainer({ maps: "often", model, callbacks });
 * ```
 */
export class TrainingCheckpointCallback extends Callback {
  static readonly name_ = "TrainingCheckpointCallback";
  static readonly schema = schema;
  readonly everyNEpochs: number;
  readonly everyNSteps: number | null;
  readonly everyMinutes: number | null;
  readonly keep: number;
  readonly enabled: boolean;
  #run: EventArgs<"onTrainStart"> | null = null;
  #writtenAt = 0;
  #stepped = false;
  /** The last checkpoint that this training wrote, or from which it goes on. */
  #last: CheckpointDir | null = null;
  /**
   * The run as it was between the last batch of the epoch and its validation; null outside a validation. A checkpoint that
   * is written during the validation holds this, so that a resumed training does the whole validation again.
   */
  #beforeValidation: RunSnapshot | null = null;
  #movedInValidation: readonly string[] = [];

  constructor(options: z.input<typeof schema> = {}) {
    super();
    const { everyNEpochs, everyNSteps, everyMinutes, keep, enabled } = parseWith(schema, options, new.target.name);
    this.everyNEpochs = everyNEpochs;
    this.everyNSteps = everyNSteps;
    this.everyMinutes = everyMinutes;
    this.keep = keep;
    this.enabled = enabled;
  }

  override get phase(): Phase {
    return "checkpoint";
  }

  /** All are put back; the main process writes. */
  override get ranks(): "all" {
    return "all";
  }

  override onTrainStart(run: EventArgs<"onTrainStart">): void {
    this.#begin(run);
    if (this.#takesPart) this.#writeNow(run, { epoch: 0, batch: null });
  }
  /** Puts everything back as it was. */
  override onResume(run: EventArgs<"onResume">): void {
    this.#begin(run);
    for (const problem of run.problems) run.log.warning(`A checkpoint was passed over: ${problem}.`);
    run.log.info(`Loading checkpoints from epoch ${run.checkpoint.position.epoch}`);
    loadCheckpoint(run.checkpoint, run);
    this.#last = run.checkpoint;
  }
  #begin(run: EventArgs<"onTrainStart">): void {
    this.#forget();
    this.#run = run;
    this.#writtenAt = performance.now();
    this.#stepped = false;
    this.#last = null;
  }

  override onOptimizationStepEnd(): void {
    this.#stepped = true;
  }
  override async onBatchEnd({ state }: EventArgs<"onBatchEnd">): Promise<void> {
    const run = this.#run;
    if (!this.#takesPart || run === null || state.called !== "train") return;
    const { currentEpoch: epoch, currentTrainBatch: batch, numTrainBatches } = state;
    const interrupted = run.interruption.signal !== null;
    if (state.stage !== "training") {
      // validation is begun anew when training goes on, from where it had not begun
      if (interrupted && this.#beforeValidation !== null) this.#write({ epoch, batch }, this.#beforeValidation);
      return;
    }
    const last = batch === numTrainBatches;
    if (!last && batch % run.optimization.accumulationSteps !== 0) return;
    const stepDue = this.everyNSteps !== null && this.#stepped && state.optimStep % this.everyNSteps === 0;
    this.#stepped = false;
    const due = interrupted || stepDue || (!last && (await this.#timeIsUp(run)));
    const validates = last && epoch % run.optimization.evaluationInterval === 0;
    if (!due && !validates) return;
    if (run.shards !== null) {
      // several processes do not end within a validation, so that none is to be begun anew
      if (due) this.#writeNow(run, { epoch, batch });
      return;
    }
    const snapshot = captureSnapshot(run, { weights: validates });
    this.#beforeValidation?.[Symbol.dispose]();
    this.#beforeValidation = validates ? snapshot : null;
    if (due) this.#write({ epoch, batch }, snapshot);
  }
  override async onEpochEnd({ state }: EventArgs<"onEpochEnd">): Promise<void> {
    const run = this.#run;
    if (!this.#takesPart || run === null) return;
    this.#checkPutBack(run);
    this.#forgetValidation();
    const { currentEpoch: epoch } = state;
    const stops = run.shards === null ? state.shouldStop : await anyOf(run.world, state.shouldStop);
    const isLast = stops || epoch >= state.numEpochs;
    const due =
      isLast || epoch % this.everyNEpochs === 0 || run.interruption.signal !== null || (await this.#timeIsUp(run));
    if (due) this.#writeNow(run, { epoch, batch: null });
  }
  override onValidationEnd(): void {
    this.#movedInValidation = this.#movedWeights();
  }
  /** The weights that are not those with which the validation began. */
  #movedWeights(): string[] {
    const parameters = new Map(this.#run?.model.namedParameters());
    return this.#beforeValidation?.weights?.changed().filter((name) => parameters.has(name)) ?? [];
  }
  /**
   * Weights that a callback has put in place for the validation are put back by now: a checkpoint would take them for those of
   * training. What a callback changes for good, it says (`phase`).
   */
  #checkPutBack({ state, callbacks }: EventArgs<"onTrainStart">): void {
    if (this.#movedInValidation.length === 0 || callbacks.allCallbacks.some(({ phase }) => phase === "change")) return;
    const moved = this.#movedWeights();
    if (moved.length === 0) return;
    const names = callbacks.callbacks.map((callback) => callback.constructor.name).join(", ");
    throw new ConfigError(
      `The validation of epoch ${state.currentEpoch} has left other weights in the model than it began with (${moved.slice(0, 3).join(", ")}${moved.length > 3 ? ", …" : ""}). One of the callbacks (${names}) exchanges weights and does not put them back. Put them back in its onValidationEnd; or, where training is to go on with them, let the callback say so: get phase() { return "change"; }.`,
    );
  }
  #forgetValidation(): void {
    this.#beforeValidation?.[Symbol.dispose]();
    this.#beforeValidation = null;
    this.#movedInValidation = [];
  }
  get #writes(): boolean {
    return this.enabled && (this.#run?.world.isMain ?? false);
  }
  #forget(): void {
    this.#forgetValidation();
    this.#run = null;
  }
  /** Sharded weights are gathered from all processes, which then write together. */
  get #takesPart(): boolean {
    return this.#writes || (this.enabled && (this.#run?.shards ?? null) !== null);
  }
  /** By the clock of the main process, where several take part. */
  async #timeIsUp({ shards, world }: EventArgs<"onTrainStart">): Promise<boolean> {
    if (this.everyMinutes === null) return false;
    const isUp = performance.now() - this.#writtenAt >= this.everyMinutes * 60_000;
    return shards === null ? isUp : await world.broadcast(isUp);
  }

  /** The main process writes what the run is now; with sharded weights, the others give it their part. */
  #writeNow(run: EventArgs<"onTrainStart">, position: Position): void {
    const wasSharded = run.shards?.isSharded === true;
    run.shards?.unshard();
    if (this.#writes) {
      using snapshot = captureSnapshot(run);
      this.#write(position, snapshot);
    } else {
      using _scope = torch.scope();
      optimizerStates(run);
      this.#writtenAt = performance.now();
    }
    if (wasSharded) run.shards?.shard();
  }

  #write(position: Position, snapshot: RunSnapshot): void {
    const run = this.#run;
    if (run === null) return;
    const { tmp } = run.maps.training.split(run.split.index);
    tmp.write(position, (dir, known) => saveCheckpoint(dir, run, { snapshot, last: this.#last }, known), {
      keep: this.keep,
    });
    this.#last = tmp.at(position);
    this.#writtenAt = performance.now();
    run.log.journal.record({ kind: "checkpoint", epoch: position.epoch, batch: position.batch });
    run.log.debug(`Training checkpoint saved at ${tmp.at(position)}`);
  }

  override onException({ maps, state, log, world }: EventArgs<"onException">): void {
    this.#forget();
    if (!this.enabled || !world.isMain || state.called !== "train" || state.splitIdx === null) return;
    const last = maps.training.split(state.splitIdx).tmp.list.at(-1);
    if (last !== undefined) log.error(`Last checkpoint at ${last}`);
  }
  override onTrainEnd({ maps, state }: EventArgs<"onTrainEnd">): void {
    if (this.#writes) maps.training.split(state.splitIdx ?? 0).tmp.keepNewest(1);
    this.#forget();
  }

  toDict(): JsonObject {
    return { name_: "TrainingCheckpointCallback", every_n_epochs: this.everyNEpochs, enabled: this.enabled };
  }
  extrasToDict(): JsonObject {
    return { every_n_steps: this.everyNSteps, every_minutes: this.everyMinutes, keep: this.keep };
  }
  static fromDict(dict: JsonObject, extras: JsonObject = {}): TrainingCheckpointCallback {
    const fields = readFields("TrainingCheckpointCallback", dict, ["every_n_epochs", "enabled"]);
    return TrainingCheckpointCallback.fromOptions({ ...fields, ...readExtras(extras) });
  }
}
