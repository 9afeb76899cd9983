/** Learning-rate schedulers, with PyTorch's numbers and state dicts. */

// of several others
export { ChainedScheduler, SequentialLR, type SequentialOptions } from "./combined.ts";
// by the number of steps
export { ConstantLR } from "./constant-lr.ts";
export { CosineAnnealingLR } from "./cosine-annealing-lr.ts";
export { CosineAnnealingWarmRestarts } from "./cosine-annealing-warm-restarts.ts";
export { ExponentialLR } from "./exponential-lr.ts";
export { LambdaLR, type LambdaOptions, type LrLambda, MultiplicativeLR } from "./lambda-lr.ts";
export { LinearLR } from "./linear-lr.ts";
export { MultiStepLR } from "./multi-step-lr.ts";
export { OneCycleLR } from "./one-cycle-lr.ts";
export { PolynomialLR } from "./polynomial-lr.ts";
// by a metric
export { ReduceLROnPlateau } from "./reduce-lr-on-plateau.ts";
export { LRScheduler, type SchedulerOptions } from "./scheduler.ts";
export { StepLR } from "./step-lr.ts";
