import { nn } from "../../torch/index.ts";

/** How many spatial dimensions images have. */
export type SpatialDims = 1 | 2 | 3;

/** Every class that exists once per dimension. */
const CONV = { 1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d } as const;
const CONV_TRANSPOSE = { 1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d } as const;
const POOL = {
  max: { 1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d },
  avg: { 1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d },
  adaptiveavg: { 1: nn.AdaptiveAvgPool1d, 2: nn.AdaptiveAvgPool2d, 3: nn.AdaptiveAvgPool3d },
  adaptivemax: { 1: nn.AdaptiveMaxPool1d, 2: nn.AdaptiveMaxPool2d, 3: nn.AdaptiveMaxPool3d },
} as const;
const NORM = {
  batch: { 1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d },
  syncbatch: { 1: nn.SyncBatchNorm, 2: nn.SyncBatchNorm, 3: nn.SyncBatchNorm },
  instance: { 1: nn.InstanceNorm1d, 2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d },
} as const;
const DROPOUT = { 1: nn.Dropout, 2: nn.Dropout2d, 3: nn.Dropout3d } as const;

export type PoolingName = keyof typeof POOL;

/** The convolution of images of `dims` dimensions: `new (conv(3))(1, 4, 3)`. */
export function conv<D extends SpatialDims>(dims: D): (typeof CONV)[D] {
  return CONV[dims];
}
/** The transposed convolution. */
export function convTranspose<D extends SpatialDims>(dims: D): (typeof CONV_TRANSPOSE)[D] {
  return CONV_TRANSPOSE[dims];
}
/** The pooling of that name: `new (pool("max", 2))(2)`. */
export function pool<P extends PoolingName, D extends SpatialDims>(name: P, dims: D): (typeof POOL)[P][D] {
  return POOL[name][dims];
}
/** The normalisation of that name. Those over groups and layers are the same class for any dimension. */
export function norm<N extends keyof typeof NORM, D extends SpatialDims>(name: N, dims: D): (typeof NORM)[N][D] {
  return NORM[name][dims];
}
/** The dropout: of elements for 1, as in MONAI; of whole channels of images for 2 and 3. */
export function dropout<D extends SpatialDims>(dims: D): (typeof DROPOUT)[D] {
  return DROPOUT[dims];
}
