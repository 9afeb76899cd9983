/** Loads the addon at its first use, and says plainly what to do when it is not set up. */
import { createRequire } from "node:module";
import { openCudaPart } from "./cuda-part.ts";
import { type Engine, EngineNotSetUpError, readEngine, whyNotLoaded } from "./engine.ts";

/** Handles are small integers: an index into the table of tensors of this thread. */
export type Handle = number;
/** An event of a device: a Node-API external. */
export interface EventHandle {
  readonly kind: "event";
}
/** A store or a process group of c10d: a Node-API external. */
export interface StoreHandle {
  readonly kind: "store";
}
export interface GroupHandle {
  readonly kind: "group";
}
/** A collective that was begun: a Node-API external. */
export interface WorkHandle {
  readonly kind: "work";
}
/** A reducer of gradients: a Node-API external. */
export interface ReducerHandle {
  readonly kind: "reducer";
}
/** A SHA-256 that is being taken: a Node-API external. */
export interface SumHandle {
  readonly kind: "sum";
}
export type NativeValue = number | bigint | string | boolean | null | undefined | NativeValue[];
export type BinaryArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** The functions of the addon, one group per file of `native/`. */
export interface Native {
  // ops.cc
  findOperator(name: string): number;
  call(id: number, ...args: unknown[]): NativeValue;
  schemas(): string[];
  // bytes.cc
  fromBytes(bytes: BinaryArray, dtype: string, shape: readonly number[], stride: readonly number[] | null): Handle;
  shareBytes(bytes: BinaryArray, dtype: string, shape: readonly number[]): Handle;
  toBytes(h: Handle): Uint8Array;
  copyInto(h: Handle, target: BinaryArray): void;
  view(h: Handle): ArrayBuffer;
  storageBytes(h: Handle): Uint8Array;
  // tensor.cc
  dispose(h: Handle): void;
  disposeAll(handles: readonly Handle[]): void;
  shape(h: Handle): number[];
  stride(h: Handle): number[];
  dtype(h: Handle): string;
  device(h: Handle): string;
  numel(h: Handle): number;
  storageOffset(h: Handle): number;
  storageId(h: Handle): bigint;
  tensorId(h: Handle): bigint;
  isContiguous(h: Handle, format: string): boolean;
  isPinned(h: Handle): boolean;
  item(h: Handle): number | bigint | [number, number];
  alias(h: Handle): Handle;
  setData(h: Handle, other: Handle): void;
  sameLayouts(groups: readonly (readonly Handle[])[]): boolean;
  pickChannelsLast(h: Handle): Handle;
  // convolution.cc
  convolveOne(
    input: Handle,
    weight: Handle,
    bias: Handle | null,
    padding: readonly number[],
    stride: readonly number[],
    dilation: readonly number[],
  ): Handle;
  // autograd.cc
  requiresGrad(h: Handle): boolean;
  setRequiresGrad(h: Handle, value: boolean): void;
  isLeaf(h: Handle): boolean;
  gradFn(h: Handle): string | null;
  grad(h: Handle): Handle | null;
  setGrad(h: Handle, gradient: Handle | null): void;
  backward(tensors: Handle[], gradients: (Handle | null)[], retainGraph: boolean, createGraph: boolean): void;
  gradOf(
    outputs: Handle[],
    inputs: Handle[],
    gradients: (Handle | null)[],
    retainGraph: boolean,
    createGraph: boolean,
    allowUnused: boolean,
  ): (Handle | null)[];
  registerHook(h: Handle, hook: (gradient: Handle) => Handle | undefined): number;
  removeHook(h: Handle, id: number): void;
  gradEnabled(): boolean;
  setGradEnabled(value: boolean): void;
  setAnomaly(enabled: boolean, checkNan: boolean): void;
  anomaly(): boolean;
  autocast(device: string): [boolean, string];
  setAutocast(device: string, enabled: boolean, dtype: string): void;
  enterAutocast(): void;
  leaveAutocast(): void;
  // function.cc
  attachBackward(
    name: string,
    inputs: Handle[],
    outputs: Handle[],
    saved: Handle[],
    backward: (gradients: (Handle | null)[], saved: Handle[]) => (Handle | null)[],
  ): Handle[];
  // random.cc
  makeGenerator(device: string): number;
  dropGenerator(id: number): void;
  setSeed(generator: number | string, seed: number | bigint): void;
  manualSeed(seed: number | bigint): void;
  seedOf(generator: number | string): bigint;
  getRngState(generator: number | string): Handle;
  setRngState(generator: number | string, state: Handle): void;
  bernoulliLike(like: Handle, p: number, scale: number): Handle;
  // memory.cc
  liveTensors(): number;
  liveBytes(): number;
  memoryStats(): MemoryStats;
  emptyCache(): void;
  setMemoryCap(bytes: number): void;
  resetPeakMemory(): void;
  // files.cc
  lockFile(descriptor: number, shared: boolean): "locked" | "taken" | (string & {});
  exchangePaths(a: string, b: string): number;
  syncAll(descriptors: readonly number[]): number[];
  // sums.cc
  crc32(bytes: BinaryArray | Handle): number | null;
  makeSum(): SumHandle | null;
  finishSum(sum: SumHandle): string;
  writeBytes(descriptor: number, bytes: BinaryArray | Handle, sum: SumHandle | null): number;
  // inflate.cc
  inflater(): string;
  inflateStart(packed: Uint8Array, start: number, target: Uint8Array): boolean;
  inflateMember(
    packed: BinaryArray | Handle,
    start: number,
    target: BinaryArray | Handle,
    at: number,
  ): [number, number] | null;
  // unpacker.cc
  chunkPackers(): string[];
  packLz4(source: BinaryArray | Handle, target: BinaryArray | Handle): number;
  // chunks.cc
  chunksInto(
    source: BinaryArray | Handle,
    chunks: BinaryArray,
    lz4: boolean,
    planes: boolean,
    stored: string,
    target: Handle,
    targetShape: readonly number[],
  ): [number, boolean] | null;
  // voxels.cc
  voxelsInto(
    source: BinaryArray | Handle,
    sourceAt: number,
    stored: string,
    swap: boolean,
    target: BinaryArray | Handle,
    dtype: string,
    targetAt: number,
    shape: readonly number[],
    first: number,
    planes: number,
    slope: number,
    inter: number,
    rule: string,
    row: number,
    plane: number,
  ): "inexact" | number | bigint | null;
  // system.cc
  getNumThreads(): number;
  setNumThreads(n: number): void;
  workBeside(): void;
  getNumInteropThreads(): number;
  setDeterministic(enabled: boolean, warnOnly: boolean): void;
  deterministic(): [boolean, boolean];
  setCudnn(deterministic: boolean, benchmark: boolean): void;
  setFlushDenormal(enabled: boolean): boolean;
  config(): string;
  processor(): { capability: string; features: string[] };
  loadCuda(path: string): string;
  cudaAvailable(): boolean;
  cudaDeviceCount(): number;
  cudaCurrentDevice(): number;
  cudaSetDevice(index: number): void;
  setTf32(convolutions: boolean, products: boolean): void;
  cudaSynchronize(device: string): void;
  cudaMemory(device: string): { allocated: number; maxAllocated: number; reserved: number; maxReserved: number };
  cudaEmptyCache(): void;
  cudaResetPeak(device: string): void;
  version(): string;
  // event.cc
  eventCreate(device: string): EventHandle;
  eventRecord(event: EventHandle): void;
  eventQuery(event: EventHandle): boolean;
  eventSynchronize(event: EventHandle): void;
  eventElapsed(start: EventHandle, end: EventHandle): number;
  eventDestroy(event: EventHandle): void;
  cudaDeviceName(index: number): string;
  // c10d.cc
  tcpStore(host: string, port: number, isServer: boolean, timeoutMs: number): Promise<StoreHandle>;
  fileStore(path: string, size: number, timeoutMs: number): StoreHandle;
  hashStore(): StoreHandle;
  prefixStore(store: StoreHandle, prefix: string): StoreHandle;
  storeSet(store: StoreHandle, key: string, value: string): Promise<void>;
  storeClaim(store: StoreHandle, key: string, value: string): Promise<string>;
  storeGet(store: StoreHandle, key: string, timeoutMs: number): Promise<string>;
  storeClose(store: StoreHandle): void;
  glooGroup(
    store: StoreHandle,
    rank: number,
    size: number,
    joinMs: number,
    timeoutMs: number,
    networkInterface: string,
  ): Promise<GroupHandle>;
  glooClose(group: GroupHandle, failed: boolean): Promise<void>;
  glooAllReduce(group: GroupHandle, tensors: readonly Handle[], op: string): Promise<void>;
  glooBroadcast(group: GroupHandle, tensor: Handle, root: number): Promise<void>;
  glooAllGather(group: GroupHandle, outputs: readonly Handle[], input: Handle): Promise<void>;
  glooAllGatherInto(group: GroupHandle, output: Handle, input: Handle): Promise<void>;
  glooReduceScatter(group: GroupHandle, output: Handle, input: Handle, op: string): Promise<void>;
  glooBarrier(group: GroupHandle): Promise<void>;
  // conv_few.cc
  conv3dFew(image: Handle, weight: Handle, bias: Handle | null, padding: readonly number[]): Handle;
  // conv_depthwise.cc
  conv3dDepthwise(
    image: Handle,
    weight: Handle,
    bias: Handle | null,
    padding: readonly number[],
    dilation: readonly number[],
  ): Handle;
  // reducer.cc
  reducer(
    group: GroupHandle,
    parameters: readonly Handle[],
    findUnused: boolean,
    asViews: boolean,
    factor: number,
    firstBytes: number,
    bytes: number,
    type: string | null,
  ): ReducerHandle;
  reducerForward(reducer: ReducerHandle): void;
  reducerBackward(reducer: ReducerHandle, outputs: readonly Handle[]): void;
  reducerLost(reducer: ReducerHandle): boolean;
  reducerClose(reducer: ReducerHandle): void;
  sameInAll(group: GroupHandle, parameters: readonly Handle[]): void;
  broadcastNow(group: GroupHandle, tensors: readonly Handle[], root: number): void;
  allReduceNow(group: GroupHandle, tensor: Handle): void;
  // sharding.cc
  beginAllGather(group: GroupHandle, output: Handle, input: Handle): WorkHandle;
  workWait(work: WorkHandle): void;
  reduceScatterNow(group: GroupHandle, output: Handle, input: Handle): void;
  resizeStorage(h: Handle, bytes: number): void;
  atBackwardEnd(call: () => void): void;
  // norm_act_pool.cc
  normActPool(
    input: Handle,
    weight: Handle | null,
    bias: Handle | null,
    slope: Handle | null,
    runningMean: Handle | null,
    runningVar: Handle | null,
    add: Handle | null,
    constantSlope: number,
    training: boolean,
    perImage: number,
    pool: boolean,
    momentum: number,
    eps: number,
    // of a convolution that comes first: null where none does
    convWeight: Handle | null,
    convBias: Handle | null,
    stride: readonly number[],
    padding: readonly number[],
    dtype: string,
  ): Handle;
  // components.cc
  connectedComponents(labels: Handle, connectivity: number): [labels: Handle, sizes: Handle, firsts: Handle];
  // distance.cc
  distanceTransform(mask: Handle, d: number, h: number, w: number, wide: boolean): Handle;
  // grid_distance.cc
  gridDistance(mask: Handle, d: number, h: number, w: number, metric: "taxicab" | "chessboard"): Handle;
  // resample.cc
  resample(
    image: Handle,
    shape: readonly number[],
    map: readonly number[],
    displacement: Handle | null,
    interpolation: string,
    outside: readonly number[] | null,
  ): Handle;
  // rescale.cc
  rescale(h: Handle, low: number, high: number, minus: number, by: number, times: number, plus: number): Handle;
  extent(h: Handle): [least: number, greatest: number];
  // order.cc
  valuesAt(h: Handle, ranks: readonly number[]): number[];
  // place.cc
  placeVoxels(h: Handle, start: readonly number[], size: readonly number[], value: number): Handle;
  // count.cc
  countRows(h: Handle, label: number | null): Handle;
  // labels.cc
  fillWhere(h: Handle, mask: Handle, labels: readonly number[] | null, where: boolean, value: number): Handle;
  oneHot(h: Handle, classes: number): Handle;
  areLabels(h: Handle): boolean;
  labelsOf(h: Handle): number[];
  // blur.cc
  symmetricFilter(h: Handle, weights: readonly (readonly number[])[]): Handle;
  // power.cc
  signedPower(h: Handle, exponents: readonly number[]): Handle;
  // noise.cc
  addNoise(h: Handle, mean: number, std: number, seed: number | bigint): Handle;
  // swap.cc
  swapPatches(h: Handle, size: readonly number[], corners: readonly number[]): Handle;
  // holes.cc
  fillEnclosed(h: Handle, label: number, connectivity: number, spatial: number): void;
  // transfer.cc
  transferRelease(h: Handle): number;
  transferAdopt(id: number): Handle;
  transferDropFrom(owner: number): number;
  transferOwner(): number;
  transferCount(): number;
  // shared_cache.cc
  sharedCacheOpen(): number;
  sharedCachePut(cache: number, key: string, description: string, tensors: readonly Handle[], limit: number): boolean;
  sharedCacheGet(cache: number, key: string): readonly [description: string, tensors: readonly Handle[]] | null;
  sharedCacheClear(cache: number): void;
  sharedCacheClose(cache: number): void;
  sharedCacheBytes(): number;
}

/** What the CPU allocator has done, in bytes and calls. */
export interface MemoryStats {
  liveBytes: number;
  peakBytes: number;
  cachedBytes: number;
  /** 0 means no cap. */
  capBytes: number;
  allocations: number;
  hits: number;
  misses: number;
}

function load(): Native {
  const engine = readEngine();
  const addon = requireAddon(engine);
  openCudaPart(addon, engine.libtorch);
  return addon;
}

function requireAddon(engine: Engine): Native {
  try {
    return createRequire(import.meta.url)(engine.addon) as Native;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EngineNotSetUpError(whyNotLoaded(engine, reason), { cause });
  }
}

/**
 * The addon. Until its first use it stands for what is loaded then, so that types, configs and `--help` need no engine; from
 * then on it is the addon itself (importing modules see the new value), so that a call costs nothing more.
 * @throws EngineNotSetUpError at the first use, where there is none.
 */
export let native: Native = new Proxy<Native>(Object.create(null), {
  get(_, name) {
    native = load();
    return Reflect.get(native, name);
  },
});
