/** `torch.nn.parallel`: one module in several processes. */
export { DistributedDataParallel, type DistributedDataParallelOptions } from "./distributed-data-parallel.ts";
export { FullyShardedDataParallel, type FullyShardedDataParallelOptions } from "./fully-sharded-data-parallel.ts";
export { type ShardedOptimizer, Shards, type ShardsOptions } from "./shards.ts";
export { partsOfSize } from "./wrap-policy.ts";
