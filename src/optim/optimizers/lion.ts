import { z } from "zod";
import { optim } from "../../torch/index.ts";
import { optimizerConfig } from "./config.ts";
import { choice, flag, lr, nonNegative, unit } from "./fields.ts";
import { perGroup } from "./per-group.ts";

/**
 * Steps along the signs of averaged gradients: every weight moves by the learning rate. With half of Adam's state; `lr` is a tenth to a third of
 * AdamW's and `weightDecay` 3 to 10 times as large (Chen et al., 2023). Not in ClinicaDL 2.0.0, which cannot read it, nor in PyTorch.
 *
 * @example
 * ```ts
 * const optimizer = new LionConfig({ lr: 1e-4, weightDecay: 0.1 });
 * const model = new SupervisedModel({ network, loss: new BCEWithLogitsLossConfig(), optimizer });
 * ```
 */
export class LionConfig extends optimizerConfig("Lion", () => optim.Lion, {
  /** The learning rate, > 0: one, or one per part of the network (`{ head: 1e-3, ELSE: 1e-4 }`), as all options here; default 1e-4. */
  lr: lr(1e-4),

  /** How much of the average of gradients counts in the direction of a step, and how much of it stays, in [0, 1]; default [0.9, 0.99]. */
  betas: perGroup(z.tuple([unit(), unit()])).default([0.9, 0.99]),

  /** What part of the weights, times the learning rate, is taken from them at each step, ≥ 0; default 0. */
  weightDecay: nonNegative().default(0),

  /** Whether to go up instead of down; default false. */
  maximize: flag(),

  /** Kept in state dicts; without effect here. Default null. */
  foreach: choice(),

  /** Kept in state dicts; true is refused, since steps are made outside of autograd. Default false. */
  differentiable: flag(),
}) {}
