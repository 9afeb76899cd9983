/** libtorch in TypeScript: tensors, every operator, autograd, memory. */
import "./methods.ts";

export * as amp from "./amp/index.ts";
export { enableGrad, isGradEnabled, noGrad } from "./autograd.ts";
export * as autograd from "./autograd-namespace.ts";
export {
  areDeterministicAlgorithmsEnabled,
  config,
  getNumThreads,
  isDeterministicWarnOnly,
  setFlushDenormal,
  setNumThreads,
  useDeterministicAlgorithms,
  version,
  workBeside,
} from "./backend.ts";
export type { TensorOptions } from "./creation.ts";
export { fromBytes, fromTypedArray, tensor, toChannelsLast } from "./creation.ts";
export * as cuda from "./cuda.ts";
export * as decoding from "./decoding.ts";
export * as distributed from "./distributed/index.ts";
export { EngineNotSetUpError } from "./engine.ts";
export { Event } from "./event.ts";
export * as files from "./files.ts";
export { type NormActPoolOptions, normActPool, type ResampleOptions, resampleVoxels } from "./fused.ts";
export { Generator } from "./generator.ts";
export { describeProcessor, hasBfloat16, type Processor } from "./instruction-sets.ts";
export { operatorSchemas, ops } from "./invoke.ts";
export * as memory from "./memory.ts";
export * as morphology from "./morphology.ts";
export * as nn from "./nn/index.ts";
export * from "./ops.ts";
export * as optim from "./optim/index.ts";
export { DisposedTensorError } from "./owned-handle.ts";
export { processor } from "./processor.ts";
export * as random from "./random.ts";
export { initialSeed, manualSeed } from "./random.ts";
export { Scope, scope, tidy } from "./scope.ts";
export * from "./serialization/index.ts";
export { type CachedTensors, SharedCache } from "./shared-cache.ts";
export { Tensor } from "./tensor.ts";
export * as transfer from "./transfer.ts";
export type { DType, Layout, MemoryFormat, NestedArray, Scalar, TypedArray } from "./types.ts";
export { dtypes, isFloatingPoint, itemSize } from "./types.ts";
export * as utils from "./utils.ts";
export * as voxels from "./voxels.ts";
