/** The thread that serves one tracker beside a training. */
import { parentPort, workerData } from "node:worker_threads";
import { sendRun } from "./send-run.ts";
import { type FromTracker, type ToTracker, type TrackerData, trackerOf } from "./task.ts";

if (parentPort === null) throw new Error("This file is the entry of a worker thread.");
const port = parentPort;
const data: TrackerData = workerData;
const { promise: ended, resolve } = Promise.withResolvers<ToTracker["ended"]>();
port.on("message", (message: ToTracker) => resolve(message.ended));
await sendRun(trackerOf(data.task), {
  events: data.events,
  ended,
  onFailure: (failure) => port.postMessage({ failure } satisfies FromTracker),
});
port.close();
