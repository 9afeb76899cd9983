/** A worker thread of a DataLoader: builds the dataset again, then makes the batches it is asked for, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { transfer, workBeside } from "../../torch/index.ts";
import { receiveWarnings } from "../../utils/warnings.ts";
import { datasetFromWorker } from "../datasets/index.ts";
import { batchTransformFromJson } from "./batch-transforms/registry.ts";
import type { LoadedBatch } from "./batch-type.ts";
import { loadBatch } from "./collate.ts";
import { collateFnFromJson } from "./collate-fns.ts";
import { type FromWorker, packError, type ToWorker } from "./protocol.ts";
import { dropBatch, packBatch } from "./transport.ts";

if (parentPort === null) throw new Error("dataloader/worker runs in a worker thread only.");
const port = parentPort;
workBeside();
const say = (message: FromWorker): void => port.postMessage(message);
receiveWarnings(
  (message) => say({ type: "warning", key: null, message }),
  (key, message) => say({ type: "warning", key, message }),
);
const dataset = await datasetFromWorker(workerData);
say({ type: "ready", owner: transfer.owner() });

let last: Promise<void> = Promise.resolve();

port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "load":
      last = last.then(() => load(message));
      break;
    case "stop":
      // the thread ends by itself when nothing can come any more
      last = last.then(() => port.close());
      break;
  }
});

async function load({ id, request }: ToWorker & { type: "load" }): Promise<void> {
  const { epoch, seed, evalMode, collate, batchTransform, cancelled } = request;
  try {
    dataset.setEpoch(epoch);
    dataset.setSeed(seed);
    if (evalMode) dataset.eval();
    else dataset.train();
    const how = { collateFn: collateFnFromJson(collate), batchTransform: batchTransformFromJson(batchTransform) };
    const batch = await loadBatch<LoadedBatch>(dataset, request, how, () => Atomics.load(cancelled, 0) !== 0);
    if (batch === null) {
      say({ type: "cancelled", id });
      return;
    }
    const packed = packBatch(batch);
    try {
      say({ type: "batch", id, batch: packed });
    } catch (error) {
      // a value that cannot be posted, such as a function that a transform left in a field
      dropBatch(packed);
      throw error;
    }
  } catch (error) {
    say({ type: "error", id, error: packError(error) });
  }
}
