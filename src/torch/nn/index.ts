/** torch.nn: modules, layers, losses, initial values, with PyTorch's names, numbers, keys and printing. */

export {
  CELU,
  ELU,
  GELU,
  LeakyReLU,
  LogSoftmax,
  Mish,
  PReLU,
  ReLU,
  ReLU6,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from "./activation.ts";
export {
  AdaptiveAvgPool1d,
  AdaptiveAvgPool2d,
  AdaptiveAvgPool3d,
  AdaptiveMaxPool1d,
  AdaptiveMaxPool2d,
  AdaptiveMaxPool3d,
  type OutputSize,
} from "./adaptive-pooling.ts";
export { type AttentionCallOptions, MultiheadAttention, type MultiheadAttentionOptions } from "./attention.ts";
export { ModuleDict, ModuleList, Sequential } from "./containers.ts";
export { Conv1d, Conv2d, Conv3d, type ConvOptions } from "./conv.ts";
export type { PaddingMode } from "./conv-base.ts";
export { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, type ConvTransposeOptions } from "./conv-transpose.ts";
export type { ModuleToOptions } from "./convert.ts";
export { Dropout, Dropout1d, Dropout2d, Dropout3d } from "./dropout.ts";
export { Embedding, type EmbeddingOptions } from "./embedding.ts";
export {
  GroupNorm,
  type GroupNormOptions,
  LayerNorm,
  type LayerNormOptions,
  RMSNorm,
  type RMSNormOptions,
} from "./group-norm.ts";
// modules and what holds them
export type { HookHandle } from "./hooks.ts";
/** `nn.init.kaimingUniform_(weight)` and its kin. */
export * as init from "./init.ts";
// layers
export { Flatten, Identity, Linear, type LinearOptions, Unflatten } from "./linear.ts";
// losses
export {
  BCELoss,
  BCEWithLogitsLoss,
  CrossEntropyLoss,
  type CrossEntropyOptions,
  HuberLoss,
  KLDivLoss,
  L1Loss,
  Loss,
  type LossOptions,
  MSELoss,
  MultiMarginLoss,
  type MultiMarginOptions,
  NLLLoss,
  type Reduction,
  SmoothL1Loss,
  type WeightedLossOptions,
} from "./loss.ts";
export {
  type AnyModule,
  type BackwardHook,
  type ForwardHook,
  type ForwardPreHook,
  type Layer,
  Module,
} from "./module.ts";
export {
  BatchNorm1d,
  BatchNorm2d,
  BatchNorm3d,
  InstanceNorm1d,
  InstanceNorm2d,
  InstanceNorm3d,
} from "./norm.ts";
export type { NormOptions } from "./norm-base.ts";
export type { InplaceOptions, PerDim } from "./options.ts";
export {
  CircularPad1d,
  CircularPad2d,
  CircularPad3d,
  ConstantPad1d,
  ConstantPad2d,
  ConstantPad3d,
  ReflectionPad1d,
  ReflectionPad2d,
  ReflectionPad3d,
  ReplicationPad1d,
  ReplicationPad2d,
  ReplicationPad3d,
  ZeroPad1d,
  ZeroPad2d,
  ZeroPad3d,
} from "./padding.ts";
/** `new nn.parallel.DistributedDataParallel(net)`: one module in several processes. */
export * as parallel from "./parallel/index.ts";
export { Parameter } from "./parameter.ts";
export { PixelShuffle, PixelUnshuffle } from "./pixel-shuffle.ts";
export {
  AvgPool1d,
  AvgPool2d,
  AvgPool3d,
  type AvgPoolOptions,
  MaxPool1d,
  MaxPool2d,
  MaxPool3d,
  type MaxPoolOptions,
} from "./pooling.ts";
export { type IncompatibleKeys, type StateDict, StateDictError } from "./state-dict.ts";
/** The table of a network's layers. */
export { type SummaryOptions, summary } from "./summary.ts";
export { SyncBatchNorm } from "./sync-batch-norm.ts";
export { Upsample, type UpsampleMode, type UpsampleOptions } from "./upsample.ts";
/** `nn.utils.clipGradNorm_(net.parameters(), 1)` and its kin. */
export * as utils from "./utils.ts";
