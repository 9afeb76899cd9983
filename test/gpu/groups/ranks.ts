/** Two processes that train together: on two GPUs through NCCL, on a CPU through gloo. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../../../src/torch/distributed/fixtures/free-port.ts";
import * as torch from "../../../src/torch/index.ts";
import type { LaunchedOptions } from "../../../src/train/fixtures/launched-training.ts";
import type { Check, Place, Said } from "../check.ts";

const PROGRAM = new URL("../../../src/train/fixtures/launched-training.ts", import.meta.url).pathname;

/** Runs the program in as many processes, which are told of each other as torchrun does it. */
async function launch(size: number, options: LaunchedOptions): Promise<void> {
  const port = await freePort();
  const start = (rank: number) => {
    const told = { RANK: `${rank}`, LOCAL_RANK: `${rank}`, WORLD_SIZE: `${size}`, MASTER_ADDR: "127.0.0.1" };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, GLOO_SOCKET_IFNAME: "lo", ...(size > 1 ? { ...told, MASTER_PORT: `${port}` } : {}) },
    });
    let errors = "";
    child.stderr.on("data", (data) => {
      errors += data;
    });
    return new Promise<{ code: number | null; errors: string }>((done) =>
      child.once("close", (code) => done({ code, errors })),
    );
  };
  const ended = await Promise.all(Array.from({ length: size }, (_, rank) => start(rank)));
  for (const [rank, { code, errors }] of ended.entries()) assert.equal(code, 0, `rank ${rank}: ${errors}`);
}

function weightsOf(maps: string): number[] {
  using _scope = torch.scope();
  const path = join(maps, "training", "split-0", "models", "final", "model.pt");
  const state = torch.load(path, { mapLocation: "cpu" }) as Map<string, torch.Tensor>;
  return [...state.values()].flatMap((tensor) => tensor.flatten().toNumbers());
}
const lossesOf = (maps: string) => readFileSync(join(maps, "training", "split-0", "logs", "training_loss.tsv"), "utf8");

/** Trains in one process with batches of 4 and in two with batches of 2 each, which has to come to the same weights. */
async function compare({ device, folder }: Place, name: string, options: Partial<LaunchedOptions>): Promise<Said> {
  if (device === "cuda" && torch.cuda.deviceCount() < 2) return { leftOut: "there is one GPU" };
  const { computational: more, ...rest } = options;
  const computational = { gpu: device === "cuda", amp: false, ...more };
  const [alone, together] = [join(folder, `${name}-alone`), join(folder, `${name}-together`)];
  await launch(1, { action: "train", maps: alone, batchSize: 4, computational, ...rest });
  await launch(2, { action: "train", maps: together, batchSize: 2, computational, ...rest });
  const [a, b] = [weightsOf(alone), weightsOf(together)];
  assert.equal(a.length, b.length);
  const far = Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));
  assert.ok(far < 1e-4, `weights are ${far} apart`);
  assert.equal(lossesOf(alone).split("\n").length, lossesOf(together).split("\n").length);
  return { figure: `weights within ${far.toExponential(1)}` };
}

export const ranks: readonly Check[] = [
  { name: "two processes train as one does", run: (place) => compare(place, "linear", {}) },
  {
    name: "two processes normalise by the whole batch",
    run(place) {
      // its backward pass is a function in JavaScript
      if (place.device === "cuda") return { leftOut: "SyncBatchNorm runs on CPUs only" };
      return compare(place, "norm", { norm: true, computational: { syncBatchnorm: true } });
    },
  },
];
