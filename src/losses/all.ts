/** Every loss: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./bce.ts";
export * from "./bce-with-logits.ts";
export * from "./contrastive.ts";
export * from "./corn.ts";
export * from "./cox-ph.ts";
export * from "./cross-entropy.ts";
export * from "./dice.ts";
export * from "./dice-ce.ts";
export * from "./dice-focal.ts";
export * from "./elbo.ts";
export * from "./focal.ts";
export * from "./generalized-dice.ts";
export * from "./hausdorff-dt.ts";
export * from "./huber.ts";
export * from "./kl-div.ts";
export * from "./l1.ts";
export * from "./mse.ts";
export * from "./multi-margin.ts";
export * from "./nll.ts";
export * from "./smooth-l1.ts";
export * from "./ssim.ts";
export * from "./tversky.ts";
