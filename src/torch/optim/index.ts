/** Optimizers and learning-rate schedulers, with PyTorch's numbers and state dicts. */
export { Adadelta, type AdadeltaFields } from "./adadelta.ts";
export { Adagrad, type AdagradFields } from "./adagrad.ts";
export { Adam, type AdamFields, AdamW } from "./adam.ts";
export { Lion, type LionFields } from "./lion.ts";
// torch.optim.lr_scheduler
export * as lrScheduler from "./lr-scheduler/index.ts";
export { NAdam, type NAdamFields } from "./nadam.ts";
// the base, for optimizers of one's own
export { Optimizer, type Update } from "./optimizer.ts";
export type { GroupFields, OptimizerStateDict, ParamGroup, Params } from "./param-group.ts";
export { type GroupRule, parameterGroups } from "./parameter-groups.ts";
export { RAdam, type RAdamFields } from "./radam.ts";
export { RMSprop, type RMSpropFields } from "./rmsprop.ts";
export type { ParamState } from "./saved-state.ts";
export { SGD, type SGDFields } from "./sgd.ts";
