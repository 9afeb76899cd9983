/** A worker thread of a conversion to tensors: converts the sessions that it is given, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import { workBeside } from "../../../torch/index.ts";
import { TransformsHandler } from "../../../transforms/index.ts";
import { receiveWarnings } from "../../../utils/warnings.ts";
import { convertRow } from "./convert-row.ts";
import type { FromThread, PortableMaking, ToThread } from "./protocol.ts";

if (parentPort === null) throw new Error("tensors/worker runs in a worker thread only.");
const port = parentPort;
workBeside();
const say = (message: FromThread): void => port.postMessage(message);
receiveWarnings(
  (message) => say({ type: "warning", key: null, message }),
  (key, message) => say({ type: "warning", key, message }),
);
const { transforms, ...making }: PortableMaking = workerData;
const how = { ...making, transforms: transforms === null ? null : await TransformsHandler.fromWorker(transforms) };

port.on("message", (message: ToThread) => {
  switch (message.type) {
    case "convert":
      convert(message);
      break;
    case "stop":
      // the thread ends by itself when nothing can come any more
      port.close();
      break;
  }
});

function convert({ id, work }: ToThread & { type: "convert" }): void {
  try {
    say({ type: "converted", id, outline: convertRow(work, how) });
  } catch (error) {
    say({ type: "failed", id, error });
  }
}
