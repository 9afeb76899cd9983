import type { CallbacksHandler } from "../callbacks/index.ts";
import type { Maps } from "../io/maps/index.ts";
import type { MetricsHandler } from "../metrics/index.ts";
import type { Model } from "../models/index.ts";
import type { OptimizationConfig, Optimizer } from "../optim/index.ts";
import type {
  ComputationalConfig,
  EventName,
  Events,
  GradientSum,
  Interrupter,
  RunLog,
  TrainerState,
  World,
} from "../run/index.ts";
import type { Split } from "../split/index.ts";
import type * as torch from "../torch/index.ts";

/** What is the same in training and evaluation. */
export interface RunContext {
  readonly model: Model;
  readonly maps: Maps;
  readonly state: TrainerState;
  readonly callbacks: CallbacksHandler;
  readonly computational: ComputationalConfig;
  readonly metrics: MetricsHandler;
  readonly interruption: Interrupter;
  readonly log: RunLog;
  readonly world: World;
}

export interface TrainingContext extends RunContext {
  readonly split: Split;
  readonly optimization: OptimizationConfig;
  readonly optimizers: Readonly<Record<string, Optimizer>>;
  readonly gradScaler: torch.amp.GradScaler;
  readonly gradients: GradientSum;
  /** The weights, where each process holds a part of them. */
  readonly shards: torch.nn.parallel.Shards | null;
}

/** Calls the callbacks. */
export function tell<E extends EventName>(
  run: Omit<RunContext, "computational" | "metrics" | "interruption">,
  event: E,
  args: Events[E],
): Promise<void> {
  const { model, maps, state, callbacks, log, world } = run;
  return callbacks.callEvent(event, { ...args, model, maps, state, log, world });
}
