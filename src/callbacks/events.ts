import { existsSync } from "node:fs";
import type { SplitDir } from "../io/maps/index.ts";
import { readSplitRecord } from "../io/maps/index.ts";
import {
  Callback,
  type ComputationalConfig,
  EVENTS_VERSION,
  type EventArgs,
  EventsFile,
  type Phase,
  readEvents,
  type ToldEvent,
  TrainingInterrupted,
  WhenRead,
} from "../run/index.ts";
import * as torch from "../torch/index.ts";

/** The sum of something, and of how many. */
interface Sums {
  readonly values: Record<string, number>;
  count: number;
}

/**
 * Tells the run's journal what happens, from which the file of a training (`.clinicadl-ts/events.jsonl` of its split) and the line of
 * progress are made. Models and checkpoints are told by those who write them, warnings by the log, the end by the Trainer.
 */
export class EventsCallback extends Callback {
  #optimizers: EventArgs<"onTrainStart">["optimizers"] = {};
  #rates: Record<string, number[]> = {};
  #sums: Sums = { values: {}, count: 0 };
  readonly #whenRead = new WhenRead();
  #batchAt = 0;
  #epochAt = 0;

  /** Before those who save models and write checkpoints: what they say comes after what it was about. */
  override get phase(): Phase {
    return "observe";
  }
  override get ranks(): "main" {
    return "main";
  }

  override onTrainStart(run: EventArgs<"onTrainStart">): void {
    const { log, maps, split } = run;
    this.#begin(run);
    log.journal.countFrom(0);
    log.journal.add(fileOf(maps.training.split(split.index), run, 0));
    log.journal.record({ kind: "start", ...describe(run) });
  }
  override onResume(run: EventArgs<"onResume">): void {
    const { log, maps, split, checkpoint } = run;
    this.#begin(run);
    const dir = maps.training.split(split.index);
    const events = existsSync(dir.eventsJsonl) ? readEvents(dir.eventsJsonl) : [];
    const { epoch, batch } = checkpoint.position;
    let [warnings, isTold] = [0, false];
    for (const event of events) {
      if (event.kind === "warning") warnings++;
      if (event.kind === "checkpoint") isTold = event.epoch === epoch && event.batch === batch;
      // the mean over an epoch is that of all of its batches, also of those before the interruption
      if (event.kind === "batch" && event.epoch === epoch && batch !== null) this.#sum(event.losses);
    }
    log.journal.countFrom(readSplitRecord(checkpoint)?.events ?? events.at(-1)?.n ?? 0);
    log.journal.add(fileOf(dir, run, warnings));
    // the process may have ended between the checkpoint and this
    if (!isTold) log.journal.record({ kind: "checkpoint", epoch, batch });
    log.journal.record({ kind: "resume", ...describe(run), epoch, batch });
  }
  #begin({ optimizers }: EventArgs<"onTrainStart">): void {
    this.#optimizers = optimizers;
    this.#whenRead.clear();
    this.#sums = { values: {}, count: 0 };
    this.#epochAt = performance.now();
    this.#batchAt = this.#epochAt;
  }

  override onEpochStart(): void {
    this.#sums = { values: {}, count: 0 };
    this.#epochAt = performance.now();
    this.#batchAt = this.#epochAt;
  }
  override onBatchStart(): void {
    const optimizers = Object.entries(this.#optimizers);
    this.#rates = Object.fromEntries(
      optimizers.map(([name, { paramGroups }]) => [name, paramGroups.map(({ lr }) => Number(lr))]),
    );
  }
  override onBatchEnd({ state, log, losses }: EventArgs<"onBatchEnd">): void {
    if (losses === null) {
      if (state.called !== "train") log.journal.record({ kind: "evaluated", batch: state.currentBatch });
      return;
    }
    const now = performance.now();
    const seconds = Number(((now - this.#batchAt) / 1000).toPrecision(4));
    this.#batchAt = now;
    this.#whenRead.add(losses, () => this.#sum(losses));
    log.journal.record({
      kind: "batch",
      epoch: state.currentEpoch,
      batch: state.currentTrainBatch,
      losses,
      rates: this.#rates,
      seconds,
    });
  }
  #sum(losses: Readonly<Record<string, number>>): void {
    const { values } = this.#sums;
    for (const [name, loss] of Object.entries(losses)) values[name] = (values[name] ?? 0) + loss;
    this.#sums.count++;
  }

  override onValidationStart({ state, log }: EventArgs<"onValidationStart">): void {
    log.journal.record({ kind: "validation", epoch: state.currentEpoch, batches: state.numValBatches });
  }
  override onValidationEnd({ state, metrics, log }: EventArgs<"onValidationEnd">): void {
    const [row = {}] = metrics.getMetricValues();
    const values = metrics.metricNames.map((name) => [name, Number(row[name] ?? Number.NaN)] as const);
    log.journal.record({ kind: "metrics", epoch: state.currentEpoch, values: Object.fromEntries(values) });
  }
  override onEpochEnd({ state, log }: EventArgs<"onEpochEnd">): void {
    this.#whenRead.now();
    const { values, count } = this.#sums;
    const losses = Object.fromEntries(Object.entries(values).map(([name, sum]) => [name, sum / Math.max(count, 1)]));
    const seconds = Number(((performance.now() - this.#epochAt) / 1000).toPrecision(4));
    log.journal.record({ kind: "epoch", epoch: state.currentEpoch, losses, seconds });
  }

  override onValidateStart({ log, dataloader }: EventArgs<"onValidateStart">): void {
    log.journal.record({ kind: "evaluation", call: "validate", batches: dataloader.length });
  }
  override onValidateEnd({ log }: EventArgs<"onValidateEnd">): void {
    log.journal.record({ kind: "end" });
  }
  override onTestStart({ log, dataloader }: EventArgs<"onTestStart">): void {
    log.journal.record({ kind: "evaluation", call: "test", batches: dataloader.length });
  }
  override onTestEnd({ log }: EventArgs<"onTestEnd">): void {
    log.journal.record({ kind: "end" });
  }
  override onPredictStart({ log, dataloader }: EventArgs<"onPredictStart">): void {
    log.journal.record({ kind: "evaluation", call: "predict", batches: dataloader.length });
  }
  override onPredictEnd({ log }: EventArgs<"onPredictEnd">): void {
    log.journal.record({ kind: "end" });
  }

  override onException({ exception, log }: EventArgs<"onException">): void {
    try {
      log.journal.record(asEvent(exception));
    } finally {
      // a disk that was full is not asked again
      log.journal.forget();
    }
  }
}

function asEvent(exception: unknown): ToldEvent {
  if (exception instanceof TrainingInterrupted) return { kind: "interruption", signal: exception.signal };
  return { kind: "error", message: exception instanceof Error ? exception.message : String(exception) };
}

function fileOf(dir: SplitDir, { split }: EventArgs<"onTrainStart">, warnings: number): EventsFile {
  return new EventsFile(dir.eventsJsonl, { batches: split.trainLoader.length, warnings });
}

/** What a training is like, for whoever looks on. */
function describe({ split, state, optimization, computational }: EventArgs<"onTrainStart">) {
  return {
    version: EVENTS_VERSION,
    split: split.index,
    epochs: state.numEpochs,
    batches: split.trainLoader.length,
    evaluationInterval: optimization.evaluationInterval,
    runsOn: {
      device: computational.device,
      name: nameOf(computational),
      threads: torch.getNumThreads(),
      amp: computational.amp,
    },
  };
}

function nameOf({ gpu }: ComputationalConfig): string {
  return gpu ? torch.cuda.getDeviceName() : torch.describeProcessor(torch.processor());
}
