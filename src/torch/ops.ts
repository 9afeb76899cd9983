/** The operators, made from libtorch's own schemas at set-up (`scripts/generate-ops.mjs`). */
export * from "./generated/functions.ts";
export type {} from "./generated/methods.ts";
