import { z } from "zod";
import type { Tensor } from "../tensor.ts";
import { type AdamFields, adamUpdate, initAdamState } from "./adam-update.ts";
import { Optimizer, type ParamState, type Update } from "./optimizer.ts";
import { choice, flag, fraction, nonNegative } from "./options.ts";
import type { ParamGroup, Params } from "./param-group.ts";

const schema = z.strictObject({
  lr: nonNegative.default(1e-3),
  betas: z.tuple([fraction, fraction]).default([0.9, 0.999]),
  eps: nonNegative.default(1e-8),
  weightDecay: nonNegative.default(0),
  amsgrad: flag,
  maximize: flag,
  foreach: choice,
  capturable: flag,
  differentiable: flag,
  fused: choice,
});

/** Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980); `amsgrad` after Reddi et al. 2018. */
export class Adam extends Optimizer<AdamFields> {
  constructor(params: Params<AdamFields>, options: Partial<AdamFields> = {}) {
    super("Adam", schema, params, options);
  }
  protected override initState(group: ParamGroup<AdamFields>, param: Tensor, state: ParamState): void {
    initAdamState(group, param, state);
  }
  protected override update(group: ParamGroup<AdamFields>, updates: readonly Update[]): void {
    adamUpdate(group, updates, false);
  }
}
