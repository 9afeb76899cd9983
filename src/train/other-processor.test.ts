import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();
const LOG = "training/split-0/warning.log";

async function trained(): Promise<void> {
  await trainers.make("maps", { optimization: { numEpochs: 1 } }).train(toySplit(), { computational });
}

/** Goes on after what this package adds to the checkpoint was changed; gives the warnings. */
async function resumedWith(change: (extra: Map<string, unknown>) => void): Promise<string> {
  await trained();
  const checkpoint = trainers.path("maps", "training/split-0/tmp/epoch-1");
  {
    using _scope = torch.scope();
    const path = `${checkpoint}/.clinicadl-ts/extra.pt`;
    const extra = new Map(Object.entries(torch.load(path) as Record<string, unknown>));
    change(extra);
    torch.save(Object.fromEntries(extra), path);
    // of another size than the manifest says, else
    rmSync(`${checkpoint}/.manifest.json`);
  }
  const trainer = await trainers.fromMaps("maps");
  await trainer.resume({ splitIdx: 0, split: toySplit(), numEpochs: 2 });
  return trainers.text("maps", LOG);
}

const SAME_BITS = /not be the same to the last bit/;

it("a resume on the same processor, with as many threads, does not warn", async () => {
  expect(await resumedWith(() => {})).not.toMatch(SAME_BITS);
});

it("a resume on another kind of processor warns and names both", async () => {
  const other = { name: "Intel(R) Xeon(R) w5", capability: "AVX2", onednn: "AVX2", settings: "" };
  const warnings = await resumedWith((extra) => extra.set("processor", other));
  expect(warnings).toMatch(SAME_BITS);
  expect(warnings).toContain(`(${torch.describeProcessor(other)})`);
  expect(warnings).toContain(`(${torch.describeProcessor(torch.processor())})`);
});

it("a resume with another number of threads warns and names both", async () => {
  const warnings = await resumedWith((extra) => extra.set("num_threads", 64));
  expect(warnings).toMatch(SAME_BITS);
  expect(warnings).toContain(`with 64 threads, and there are ${torch.getNumThreads()} now`);
});

it("a checkpoint that does not say where it was written is taken without a word", async () => {
  const warnings = await resumedWith((extra) => {
    extra.delete("processor");
    extra.delete("num_threads");
  });
  expect(warnings).not.toMatch(SAME_BITS);
});

it.runIf(process.arch === "x64")("a new process with other instructions warns, and goes on", async () => {
  await trained();
  const { capability } = torch.processor();
  const other = capability === "DEFAULT" ? "avx2" : "default";
  execFileSync(process.execPath, [`${import.meta.dirname}/fixtures/resumed.ts`, trainers.path("maps"), "2"], {
    env: { ...process.env, ATEN_CPU_CAPABILITY: other },
    stdio: "ignore",
  });
  const warnings = trainers.text("maps", LOG);
  expect(warnings).toContain(`kernels for ${capability}`);
  expect(warnings).toContain(`kernels for ${other.toUpperCase()}`);
  expect(trainers.text("maps", "training/split-0/logs/training_loss.tsv")).toMatch(/^2\t/m);
});
