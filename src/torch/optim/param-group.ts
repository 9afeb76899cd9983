import type { Tensor } from "../tensor.ts";

/** The parts of a parameter group that every optimizer has, and those that schedulers add. */
export interface GroupFields {
  params: Tensor[];
  lr: number;
  name?: string;
  // what momentum schedulers change
  momentum?: number;
  betas?: [number, number];
  // what schedulers remember in the group, as PyTorch's do
  initialLr?: number;
  maxLr?: number;
  minLr?: number;
  maxMomentum?: number;
  baseMomentum?: number;
}

/** Parameters with their own options. */
export type ParamGroup<O extends object = object> = GroupFields & O;

/** Parameters as an optimizer takes them: all alike, or in groups that override options. */
export type Params<O extends object> =
  | Iterable<Tensor>
  | readonly ({ readonly params: Iterable<Tensor>; readonly name?: string | undefined } & Partial<O>)[];

/** An optimizer's state as PyTorch has it: keys in snake_case, parameters by their number. */
export interface OptimizerStateDict {
  state: Map<number, Record<string, unknown>>;
  param_groups: Record<string, unknown>[];
}
