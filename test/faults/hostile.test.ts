/**
 * MAPS that strangers made: each is a good one with one thing changed. Each gives an error that says what, and nothing in
 * it, nor anything outside, has changed.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Callback, LoggerCallback, ModelCheckpointCallback } from "../../src/callbacks/index.ts";
import { Maps } from "../../src/io/maps/index.ts";
import { LossMetricConfig } from "../../src/metrics/index.ts";
import { toyLoader } from "../../src/train/fixtures/saved.ts";
import { toyModel, toySplit } from "../../src/train/fixtures/toy.ts";
import { Trainer } from "../../src/train/index.ts";

const computational = { gpu: false, seed: 1 };
let dir = "";
/** What no MAPS may reach. */
let outside = "";
let good = "";
let hostile = "";
let count = 0;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "hostile-"));
  good = join(dir, "good");
  using trainer = new Trainer({
    maps: good,
    model: toyModel(),
    optimization: { numEpochs: 1 },
    callbacks: [new LoggerCallback({ progressBar: false }), new ModelCheckpointCallback({ metric: "loss" })],
  });
  await trainer.train(toySplit(), { computational });
  await trainer.test({
    modelCheckpoint: "split-0_final",
    groupName: "g",
    dataloader: toyLoader([30, 31]),
    computational,
  });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  count++;
  hostile = join(dir, `hostile-${count}`);
  outside = join(dir, `outside-${count}`);
  cpSync(good, hostile, { recursive: true });
  cpSync(good, join(outside, "maps"), { recursive: true });
  writeFileSync(join(outside, "file"), "precious\n".repeat(100));
});

const path = (...parts: readonly string[]) => join(hostile, ...parts);
const checkpoint = "training/split-0/tmp/epoch-1";

/** Everything below a directory: kinds, contents, targets of links. Locks say who held them last. */
function tree(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const full = join(entry.parentPath, entry.name);
    if (entry.name.endsWith(".lock") && entry.isFile()) continue;
    const what = entry.isFile()
      ? createHash("sha256").update(readFileSync(full)).digest("hex")
      : entry.isSymbolicLink()
        ? readlinkSync(full)
        : entry.isDirectory()
          ? "directory"
          : "other";
    found.set(relative(directory, full), what);
  }
  return found;
}

type Action = () => Promise<void>;
async function withTrainer(act: (trainer: Trainer) => unknown): Promise<void> {
  using trainer = await Trainer.fromMaps(hostile, { callbacks: [new LoggerCallback({ progressBar: false })] });
  await act(trainer);
}
const open: Action = async () => {
  (await Trainer.fromMaps(hostile)).dispose();
};
const resume: Action = () => withTrainer((t) => t.resume({ splitIdx: 0, numEpochs: 2, split: toySplit() }));
const validate: Action = () =>
  withTrainer((t) => t.validate({ splitIdx: 0, metrics: ["loss"], dataloader: toySplit().valLoader }));
const remove: Action = async () => new Maps(hostile).remove({ nonEmptyOk: true });
const overwrite: Action = async () => {
  const model = toyModel();
  try {
    new Trainer({ maps: hostile, model, overwrite: true }).dispose();
  } finally {
    model.dispose();
  }
};

async function refused(action: Action, message: RegExp | string): Promise<void> {
  const before = [tree(hostile), tree(outside)];
  await expect(action()).rejects.toThrow(message);
  expect([tree(hostile), tree(outside)]).toEqual(before);
}

/** Changes a JSON file; of a checkpoint, the list of checksums, too, does not tell. */
function edit(file: string, change: (json: Record<string, unknown>) => unknown): void {
  writeFileSync(path(file), JSON.stringify(change(JSON.parse(readFileSync(path(file), "utf8")))));
  if (file.startsWith(checkpoint)) rmSync(path(checkpoint, ".manifest.json"), { force: true });
}
const set = (members: object) => (json: Record<string, unknown>) => ({ ...json, ...members });

function link(file: string, target: string): void {
  rmSync(path(file), { force: true, recursive: true });
  symlinkSync(target, path(file));
}
function pipe(file: string): void {
  rmSync(path(file), { force: true });
  expect(spawnSync("mkfifo", [path(file)]).status).toBe(0);
}

describe("values of another type or range", () => {
  it.each<[string, object, RegExp]>([
    ["another MAPS's path as the split", { split_idx: "0/../../../other/training/split-0" }, /'split_idx'/],
    ["another split", { split_idx: 1 }, /'split_idx' is 1, and 0/],
    ["no split", { split_idx: null }, /'split_idx'/],
    ["another epoch", { current_epoch: 5 }, /'current_epoch' is 5, and 1/],
    ["a text as epoch", { current_epoch: "1" }, /'current_epoch'/],
    ["a huge number of epochs", { num_epochs: 1e300 }, /'num_epochs'/],
    ["a negative batch", { current_train_batch: -1 }, /'current_train_batch'/],
    ["a batch of another moment", { current_train_batch: 1 }, /'current_train_batch'/],
    ["a fraction of a step", { optim_step: 0.5 }, /'optim_step'/],
    ["a text that is true", { should_stop: "no" }, /'should_stop'/],
    ["another call", { called: "predict" }, /'called'/],
  ])("in state.json: %s", async (_, members, message) => {
    edit(`${checkpoint}/state.json`, set(members));
    await refused(resume, message);
    await refused(resume, /state\.json/);
  });

  it.each<[string, object]>([
    ["a list", { logs: [1] }],
    ["a negative size", { logs: { "summary.log": -1 } }],
    ["a text", { logs: { "summary.log": "x" } }],
    ["nothing", { logs: null }],
  ])("in split.json: %s", async (_, members) => {
    edit(`${checkpoint}/.clinicadl-ts/split.json`, set(members));
    await refused(resume, /split\.json: 'logs/);
    // the training is complete, as before
    expect(existsSync(path("training/split-0/.clinicadl-ts/complete.json"))).toBe(true);
  });

  it.each<[string, Action, object]>([
    ["training/split-0/computational.json", resume, { seed: "x" }],
    ["training/split-0/computational.json", validate, { gpu: "yes" }],
    ["training/split-0/computational.json", validate, { seed: -1 }],
    [".clinicadl-ts/callbacks.json", open, { callbacks: {} }],
    [".clinicadl-ts/callbacks.json", open, { callbacks: [null] }],
    ["training/optimization.json", open, { num_epochs: "many" }],
    ["training/optimization.json", open, { num_epochs: -1 }],
    ["metrics.json", open, { metrics: [] }],
    ["model.json", open, { name_: "constructor" }],
    ["model.json", open, { network: { name_: "toString" } }],
    ["metrics.json", open, { metrics: { loss: { name_: "__proto__" } } }],
    ["metrics.json", open, { metrics: { toString: { name_: "MAE" } } }],
    ["callbacks.json", open, { callbacks: [{ name_: "constructor" }] }],
  ])("in %s (%#)", async (file, action, members) => {
    edit(file, set(members));
    await refused(action, file.split("/").at(-1) ?? file);
  });

  it("in extension.json", async () => {
    const file = "training/split-0/.clinicadl-ts/extension.json";
    writeFileSync(path(file), JSON.stringify({ epoch: 1, batch: null, num_epochs: "many" }));
    await refused(resume, /extension\.json: 'num_epochs'/);
  });

  it("in dataloader.json", async () => {
    edit("training/data/validation/split-0/dataloader.json", set({ num_workers: 1e9 }));
    await refused(
      () => withTrainer((t) => t.validate({ splitIdx: 0, metrics: ["loss"] })),
      /validation\/split-0\/data(?:set|loader)\.json/,
    );
  });

  it.each(["model.json", "training/optimization.json", `${checkpoint}/state.json`])(
    "that is cut short: %s",
    async (file) => {
      writeFileSync(path(file), readFileSync(path(file), "utf8").slice(0, 20));
      rmSync(path(checkpoint, ".manifest.json"), { force: true });
      await refused(file.includes("state") ? resume : open, /is not valid JSON/);
    },
  );
});

describe("a manifest", () => {
  const sha256 = "0".repeat(64);
  it.each<[string, RegExp]>([
    ["../../../../../outside/file", /which is not in/],
    ["/etc/hostname", /which is not in/],
    ["callbacks/../../epoch-1/model.pt", /which is not in/],
  ])("names a file elsewhere: %s", async (name, message) => {
    edit(`${checkpoint}/.manifest.json`, (json) => json); // it is there
    writeFileSync(path(checkpoint, ".manifest.json"), JSON.stringify({ files: { [name]: { size: 1, sha256 } } }));
    await refused(resume, message);
  });
  it.each([
    { size: -1, sha256 },
    { size: 1e300, sha256 },
    { size: 1, sha256: "x" },
    { size: "1", sha256 },
  ])("has values that it cannot have: %j", async (entry) => {
    writeFileSync(path(checkpoint, ".manifest.json"), JSON.stringify({ files: { "model.pt": entry } }));
    await refused(resume, /is not a manifest/);
  });
  it("does not make more be read than it says", async () => {
    writeFileSync(path(checkpoint, "model.pt"), Buffer.alloc(1 << 22));
    await refused(resume, /model\.pt has more bytes, \d+ were written/);
  });
});

describe("links", () => {
  it.each([
    ".lock",
    ".in-use.lock",
    "summary.log",
    "model.json",
    "training/.split-0.lock",
    "training/split-0/summary.log",
    "training/split-0/warning.log",
    "training/split-0/models/final/model.pt",
    "training/split-0/.clinicadl-ts/complete.json",
    `${checkpoint}/state.json`,
  ])("of a file: %s", async (file) => {
    link(file, join(outside, "file"));
    await refused(resume, /a link/);
    await refused(validate, /a link/);
    await refused(remove, /a link/);
  });
  it.each([
    "exec",
    "test",
    "test/group-g/results",
    "training",
    "training/data",
    "training/split-0",
    "training/split-0/tmp",
    "training/split-0/models",
    "training/split-0/models/best_models/best-loss",
    "training/split-0/.clinicadl-ts",
    checkpoint,
  ])("of a directory: %s", async (folder) => {
    link(folder, join(outside, "maps", folder));
    for (const action of [resume, validate, remove, overwrite]) await refused(action, /a link/);
  });
  it("of a device", async () => {
    link(`${checkpoint}/model.pt`, "/dev/zero");
    await refused(resume, /a link/);
  });
  it("to the MAPS as a whole are followed", async () => {
    const real = join(dir, `real-${count}`);
    renameSync(hostile, real);
    symlinkSync(real, hostile);
    await resume();
    await overwrite();
    expect(readlinkSync(hostile)).toBe(real);
    new Maps(real).read();
  });
});

it.each(["model.json", "summary.log", ".lock", "training/split-0/models/final/model.pt", `${checkpoint}/state.json`])(
  "does not wait for a pipe: %s",
  async (file) => {
    pipe(file);
    await refused(resume, /a pipe/);
    await refused(validate, /a pipe/);
    await refused(remove, /a pipe/);
  },
);

describe("names", () => {
  it.each(["a\nb", "a\u001b[31m", "a\u202eb"])("of directories that cannot be shown (%#)", async (name) => {
    cpSync(path("test/group-g"), path(`test/group-${name}`), { recursive: true });
    await refused(open, /control characters/);
    await expect(open()).rejects.not.toThrow(name);
  });
  it.each(["a\nb", "a\u001b[31m", "x".repeat(300), "é".repeat(90), "", ".", "..", "../g", "toString", "__proto__"])(
    "of groups (%#)",
    async (groupName) => {
      const dataloader = toyLoader([30, 31]);
      const call = { modelCheckpoint: "split-0_final", groupName, dataloader, computational };
      await refused(() => withTrainer((t) => t.test(call)), /is named .*cannot be the name of a directory/);
      await refused(() => withTrainer((t) => t.predict(call)), /is named .*cannot be the name of a directory/);
    },
  );
  it.each(["split-0_best-../../../final", "split-0_best-a\nb", "split-0_best-", "split-00000000000000000001_final"])(
    "of checkpoints: %j",
    async (modelCheckpoint) => {
      const dataloader = toyLoader([30, 31]);
      const call = { modelCheckpoint, groupName: "h", dataloader, computational };
      await refused(() => withTrainer((t) => t.test(call)), /The checkpoint is named|There is no split|does not exist/);
    },
  );
  it.each(["__proto__", "constructor", "toString", "a\nb", ""])("of metrics: %j", async (name) => {
    const metrics = Object.fromEntries([[name, new LossMetricConfig()]]);
    await refused(() => withTrainer((t) => t.addMetrics(metrics)), /A metric is named/);
  });
  it("of classes of callbacks", async () => {
    class Own extends Callback {}
    Object.defineProperty(Own, "name", { value: "../../../outside/file" });
    await refused(() => withTrainer((t) => t.addCallbacks([new Own()])), /cannot be in the name of a file/);
  });
});

describe("what is not a MAPS, or not only", () => {
  it("a project of someone is not deleted", async () => {
    rmSync(hostile, { recursive: true });
    mkdirSync(path("training"), { recursive: true });
    writeFileSync(path("training/script.py"), "precious");
    writeFileSync(path("model.json"), "{}");
    writeFileSync(path("data.csv"), "precious");
    await refused(overwrite, /script\.py/);
    await refused(remove, /data\.csv/);
    rmSync(path("training/script.py"));
    rmSync(path("data.csv"));
    await refused(overwrite, /model\.json is not what a MAPS holds/);
    writeFileSync(path("summary.log"), "my summary");
    rmSync(path("model.json"));
    await refused(overwrite, /is not the summary of a MAPS/);
  });
  it.each([
    "notes.txt",
    "training/split-0/notes.txt",
    "training/split-0/models/best_models/best-loss/plot.png",
    "training/data/train/split-0/own.tsv",
    "test/group-g/results/split-0/final/own.csv",
    "exec/own",
    "training/split-7",
    `${checkpoint}/callbacks/own.txt`,
  ])("with %s is not deleted", async (file) => {
    mkdirSync(join(path(file), ".."), { recursive: true });
    writeFileSync(path(file), "precious");
    const deleteSplit: Action = async () => new Maps(hostile).deleteSplit(0);
    const ofSplit = /split-0/.test(file);
    for (const action of [overwrite, remove, ...(ofSplit ? [deleteSplit] : [])]) {
      await refused(action, new RegExp(`made: .*${file.split("/").at(ofSplit ? -1 : 0)}`));
    }
  });
  it("a group, a run and a best model with a file of someone are not deleted either", async () => {
    const maps = new Maps(hostile);
    writeFileSync(path("test/group-g/own"), "precious");
    await refused(async () => maps.test.deleteGroup("g"), /group-g\/own/);
    const [run = ""] = maps.exec.runsList;
    writeFileSync(path("exec", `run-${run}`, "own"), "precious");
    await refused(async () => maps.exec.deleteRun(run), /own/);
    writeFileSync(path("training/split-0/models/best_models/best-loss/own"), "precious");
    await refused(resume, /best-loss\/own/);
  });
  it("good ones are", async () => {
    await overwrite();
    await remove();
    expect(existsSync(hostile)).toBe(false);
    expect(readdirSync(dir).filter((name) => name.startsWith(".tmp"))).toEqual([]);
  });
});
