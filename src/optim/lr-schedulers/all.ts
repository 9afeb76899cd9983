/** Every learning-rate scheduler: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./constant-lr.ts";
export * from "./cosine-annealing-lr.ts";
export * from "./cosine-annealing-warm-restarts.ts";
export * from "./exponential-lr.ts";
export * from "./linear-lr.ts";
export * from "./multi-step-lr.ts";
export * from "./one-cycle-lr.ts";
export * from "./polynomial-lr.ts";
export * from "./reduce-lr-on-plateau.ts";
export * from "./step-lr.ts";
export * from "./warmup-lr.ts";
