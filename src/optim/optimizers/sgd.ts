import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/**
 * Stochastic gradient descent, with momentum if asked.
 *
 * @example
 * ```ts
 * const optimizer = new SGDConfig({ lr: 0.1, momentum: 0.9, nesterov: true });
 * const model = new SupervisedModel({ network, loss: new BCEWithLogitsLossConfig(), optimizer });
 * ```
 */
export class SGDConfig extends optimizerConfig("SGD", () => optim.SGD, {
  /** The learning rate, > 0: one, or one per part of the network (`{ head: 1e-3, ELSE: 1e-4 }`), as all options here; default 1e-3. */
  lr: lr(1e-3),

  /** How much of the last update stays, ≥ 0; default 0. */
  momentum: nonNegative().default(0),

  /** How much of the gradient does not enter the momentum; default 0. */
  dampening: perGroup(z.number()).default(0),

  /** How much of the weights is added to their gradient, ≥ 0; default 0. */
  weightDecay: nonNegative().default(0),

  /** Whether the momentum is Nesterov's; needs `momentum`. Default false. */
  nesterov: flag(),

  /** Whether to go up instead of down; default false. */
  maximize: flag(),

  /** Whether parameters are updated together; null, the default, lets the library choose. */
  foreach: choice(),

  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag(),

  /** Whether one kernel does the whole update; null, the default, lets the library choose. */
  fused: choice(),
}) {}
