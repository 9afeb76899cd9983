import type { Batch, BatchType, DataLoader } from "../data/dataloader/index.ts";
import type { CheckpointDir, Maps, ResultsDir } from "../io/maps/index.ts";
import type { Row } from "../io/tsv/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import type { Losses, Model } from "../models/index.ts";
import type { OptimizationConfig, Optimizer } from "../optim/index.ts";
import type { Split } from "../split/index.ts";
import type { amp, nn } from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import type { ComputationalConfig } from "./computational.ts";
import type { Interruption } from "./interruption.ts";
import type { RunLog } from "./log.ts";
import type { Phase } from "./phase.ts";
import type { Stateful } from "./stateful.ts";
import type { TrainerState } from "./trainer-state.ts";
import type { World } from "./world.ts";

type Optimizers = Readonly<Record<string, Optimizer>>;

interface RunStart {
  readonly split: Split;
  readonly optimizers: Optimizers;
  readonly gradScaler: amp.GradScaler;
  readonly optimization: OptimizationConfig;
  readonly metrics: MetricsHandler;
  readonly callbacks: CallbackSequence;
  readonly computational: ComputationalConfig;
  readonly interruption: Interruption;
  /** The weights, where each process holds a part of them; whole before the first step, after the last one of an epoch, and between. */
  readonly shards: nn.parallel.Shards | null;
}

interface InferenceStart {
  readonly dataloader: DataLoader;
  /** `best-<metric>`, `epoch-<n>` or `final`; with `split-<i>_` before it in test and predict. */
  readonly modelCheckpoint: string;
  readonly callbacks: CallbackSequence;
  readonly computational: ComputationalConfig;
}

type None = Record<never, never>;

/** What each event tells, besides `model`, `maps`, `state`, `log` and `world`. */
export interface Events {
  onTrainerInit: {
    readonly metrics: MetricsHandler;
    readonly optimization: OptimizationConfig;
    readonly callbacks: CallbackSequence;
  };
  onException: { readonly exception: unknown };
  onTrainStart: RunStart;
  /** `checkpoint`: from which the training goes on; `problems`: what is wrong with newer ones. */
  onResume: RunStart & { readonly checkpoint: CheckpointDir; readonly problems: readonly string[] };
  onTrainEnd: None;
  onEpochStart: None;
  onEpochEnd: None;
  onBatchStart: { readonly batch: BatchType };
  /** `losses`: the values of a training batch, by name, which a GPU is waited for when they are looked at; null in evaluation. */
  onBatchEnd: { readonly losses: Readonly<Record<string, number>> | null };
  onForwardStepStart: { readonly batch: BatchType };
  onBackwardStepStart: { readonly loss: Losses; readonly gradScaler: amp.GradScaler };
  onBackwardStepEnd: None;
  onOptimizationStepStart: { readonly optimizers: Optimizers; readonly gradScaler: amp.GradScaler };
  /** `gradNorm`: of all gradients together, unscaled, before they were clipped. */
  onOptimizationStepEnd: {
    readonly optimizers: Optimizers;
    readonly gradScaler: amp.GradScaler;
    readonly gradNorm: number;
  };
  onValidationStart: { readonly dataloader: DataLoader; readonly metrics: MetricsHandler };
  onValidationEnd: { readonly metrics: MetricsHandler };
  onValidateStart: InferenceStart & { readonly metrics: MetricsHandler };
  onValidateEnd: { readonly metrics: MetricsHandler };
  onEvaluationStepStart: { readonly batch: BatchType };
  onMetricsComputationStart: { readonly output: Batch; readonly metrics: MetricsHandler };
  onMetricsComputationEnd: { readonly detailedMetricsDf: readonly Row[] };
  onTestStart: InferenceStart & { readonly metrics: MetricsHandler; readonly groupName: string };
  onTestEnd: { readonly metrics: MetricsHandler };
  /** `results`: where files are written until all of them are there; what a callback writes there appears with them. */
  onPredictStart: InferenceStart & {
    readonly groupName: string;
    readonly results: ResultsDir;
    /** The splits whose models predict: one, or those of an ensemble, of which `modelCheckpoint` is `ensemble-<i>-<j>_<checkpoint>`. */
    readonly splits: readonly number[];
    /** Where the results will be. */
    readonly target: ResultsDir;
  };
  /** The results are in the MAPS. */
  onPredictEnd: None;
  onPredictionStepStart: { readonly batch: BatchType };
  onPredictionStepEnd: { readonly output: Batch };
}

export type EventName = keyof Events;

/** The one argument of a callback's method. */
export type EventArgs<E extends EventName> = Events[E] & {
  readonly model: Model;
  readonly maps: Maps;
  readonly state: TrainerState;
  /** The log of the run: what is told to it goes into its files in the MAPS. */
  readonly log: RunLog;
  /** The processes that train together. */
  readonly world: World;
};

/** What can be told of every event; `Callback` is such. */
export type EventListener = {
  [E in EventName]: (args: EventArgs<E>) => void | Promise<void>;
};

/** A callback as the others see it. */
export type ListedCallback = EventListener & Stateful & { readonly phase: Phase; readonly ranks: "all" | "main" };

/** Weights that are in the model until this is disposed, to be saved in place of those of training. */
export interface WeightsToSave extends Disposable {
  /** Whether the metrics of the last validation are theirs. */
  readonly evaluated: boolean;
}

/** The callbacks of a Trainer in their order; `CallbacksHandler` is such. */
export interface CallbackSequence {
  /** Those that were passed and the default ones. */
  readonly callbacks: readonly ListedCallback[];
  /** All of them, with those that every Trainer has. */
  readonly allCallbacks: readonly ListedCallback[];
  /** Puts the weights into the model that a callback wants to be saved; null: those that are there. */
  weightsToSave(): WeightsToSave | null;
  /** Each with the name of its file in a checkpoint. */
  named(): readonly (readonly [name: string, callback: Stateful])[];
  toDict(): JsonObject;
}
