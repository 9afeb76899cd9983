/** `torch.nn.parallel`: one module in several processes. */
export { DistributedDataParallel, type DistributedDataParallelOptions } from "./distributed-data-parallel.ts";
