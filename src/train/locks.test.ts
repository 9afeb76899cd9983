import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { LoggerCallback, ModelCheckpointCallback } from "../callbacks/index.ts";
import { LockedError, type Maps, MapsSummary } from "../io/maps/index.ts";
import { readTsv } from "../io/tsv/index.ts";
import { LossMetricConfig, MAEMetricConfig } from "../metrics/index.ts";
import { ComputationalConfig, describeSplit } from "../run/index.ts";
import { concurrentComputational as computational, ownSplit } from "./fixtures/concurrent.ts";
import { toySplit } from "./fixtures/toy.ts";
import { Trainers } from "./fixtures/trainers.ts";
import { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const script = join(import.meta.dirname, "fixtures", "concurrent.ts");
const callbacks = () => [new LoggerCallback({ progressBar: false })];
const optimization = { numEpochs: 1 };

const others: Other[] = [];

/** Another process; it is ended with the test. */
class Other {
  readonly process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  errors = "";
  private constructor(args: readonly string[]) {
    this.process = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.process.stderr?.on("data", (data) => {
      this.errors += data;
    });
    if (this.process.stdout === null) throw new Error("no output");
    this.#lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }
  static running(...args: readonly string[]): Other {
    const other = new Other(args);
    others.push(other);
    return other;
  }
  /** Waits until it says `line`. */
  async says(line: string): Promise<void> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`it ended: ${this.errors}`);
    if (value !== line) await this.says(line);
  }
  go(): void {
    this.process.stdin?.write("go\n");
  }
  async ended(): Promise<number | null> {
    const { exitCode, signalCode } = this.process;
    if (exitCode !== null || signalCode !== null) return exitCode;
    return new Promise((done) => this.process.once("close", (code) => done(code)));
  }
}

afterEach(async () => {
  for (const other of others.splice(0)) {
    other.process.kill("SIGKILL");
    await other.ended();
  }
});

/** Several processes that begin in the same moment, and what is wrong with those that fail. */
async function together(...actions: readonly (readonly string[])[]): Promise<string[]> {
  const started = actions.map((action) => Other.running(script, ...action));
  await Promise.all(started.map((other) => other.says("ready")));
  for (const other of started) other.go();
  const codes = await Promise.all(started.map((other) => other.ended()));
  return started.flatMap((other, i) => (codes[i] === 0 ? [] : [other.errors]));
}

/**
 * A process that holds the lock of the MAPS, has read the files, and writes them half a second later, each with the first
 * text replaced by the second one.
 */
async function slowWriter(maps: Maps, edits: Readonly<Record<string, readonly [string, string]>>): Promise<Other> {
  const body = `
    import { readFileSync, writeFileSync } from "node:fs";
    import { setTimeout } from "node:timers/promises";
    import { FileLock } from ${JSON.stringify(join(import.meta.dirname, "../io/maps/lock.ts"))};
    const lock = FileLock.acquire(${JSON.stringify(maps.lockFile)}, "The MAPS");
    const edited = Object.entries(${JSON.stringify(edits)}).map(([file, [old, text]]) =>
      [file, readFileSync(file, "utf8").replace(old, () => text)]);
    console.log("held");
    await setTimeout(500);
    for (const [file, text] of edited) writeFileSync(file, text);
    lock[Symbol.dispose]();`;
  const other = Other.running("--input-type=module", "-e", body);
  await other.says("held");
  return other;
}

describe("several processes in one MAPS", () => {
  it("train on different splits, and none loses what another wrote (D14)", async () => {
    const make = (name: string) => trainers.make(name, { optimization, callbacks: callbacks() });
    const alone = make("alone");
    for (let index = 0; index < 6; index++) await alone.train(ownSplit(index), { computational });
    make("maps");
    const maps = trainers.path("maps");
    expect(await together([maps, "train", "0", "2", "4"], [maps, "train", "1", "3", "5"])).toEqual([]);

    const trainer = await trainers.fromMaps("maps");
    expect(trainer.maps.training.splitsList).toEqual([0, 1, 2, 3, 4, 5]);
    // it is what protects tests against leakage
    expect(trainers.text("maps", "training/data/data.tsv")).toBe(trainers.text("alone", "training/data/data.tsv"));
    expect(
      trainers
        .text("maps", "summary.log")
        .match(/^ {3}- \d$/gm)
        ?.sort(),
    ).toEqual([0, 1, 2, 3, 4, 5].map((i) => `   - ${i}`));
    expect(trainer.maps.exec.runsList).toHaveLength(6);
    for (let split = 0; split < 6; split++) expect(trainers.differences("maps", "alone", { split })).toEqual([]);
  });

  it("write what they share in turn (D14)", async () => {
    const trainer = trainers.make("maps", { optimization, callbacks: callbacks() });
    await trainer.train(ownSplit(0), { computational });
    const { dataTsv } = trainer.maps.training.data;
    const other = await slowWriter(trainer.maps, { [dataTsv]: ["sub-100\t", "sub-1\tses-M000\nsub-100\t"] });
    trainer.maps.createSplit(1, describeSplit(ownSplit(1), new ComputationalConfig(computational)));
    expect(await other.ended()).toBe(0);
    const participants = readTsv(dataTsv).map((row) => row.participant_id);
    expect(participants).toEqual(expect.arrayContaining(["sub-1", "sub-100", "sub-200"]));

    const another = await slowWriter(trainer.maps, { [trainer.maps.summaryLog]: ["Splits\n", "Splits\n   - 9\n"] });
    new MapsSummary(trainer.maps.summaryLog).addTestGroup("g");
    expect(await another.ended()).toBe(0);
    expect(trainers.text("maps", "summary.log").match(/^ {3}- .$/gm)).toEqual(["   - 9", "   - 0", "   - g"]);
  });

  it("test on the same groups, with different models, and none loses what another wrote", async () => {
    const trainer = trainers.make("maps", {
      optimization,
      callbacks: [...callbacks(), new ModelCheckpointCallback({ metric: "loss", epochs: [1] })],
    });
    await trainer.train(toySplit(), { computational });
    const groups = ["a", "b", "c", "d", "e", "f"];
    const models = ["best-loss", "epoch-1", "final"];
    const actions = models.map((model) => [trainers.path("maps"), "test", `split-0_${model}`, ...groups]);
    expect(await together(...actions)).toEqual([]);
    for (const group of groups) {
      expect(trainer.maps.test.group(group).checkpointsList(0)).toEqual(models);
      for (const model of models) {
        expect(readTsv(trainer.maps.test.group(group).results(0, model).metrics.detailsTsv)).toHaveLength(2);
      }
    }
    trainer.maps.read();
  });

  it("add metrics to the same tables in turn, and none loses what another wrote", async () => {
    const metrics = { loss: new LossMetricConfig(), mae: new MAEMetricConfig() };
    const trainer = trainers.make("maps", { metrics, optimization, callbacks: callbacks() });
    await trainer.train(toySplit(), { computational, metrics: ["loss"] });
    const { aggregatedTsv } = trainer.maps.training.split(0).models.final.validationMetrics;
    const other = await slowWriter(trainer.maps, { [aggregatedTsv]: ["\n", "\tother\n"] });
    await trainer.validate({ splitIdx: 0, metrics: ["mae"], dataloader: toySplit().valLoader });
    expect(await other.ended()).toBe(0);
    expect(Object.keys(readTsv(aggregatedTsv)[0] ?? {})).toEqual(["epoch", "loss", "other", "mae"]);
  });

  it("do not train on the same split", async () => {
    const trainer = trainers.make("maps", { optimization, callbacks: callbacks() });
    const holder = Other.running(script, trainers.path("maps"), "hold", "0");
    await holder.says("ready");
    holder.go();
    await holder.says("held");

    const inUse = new RegExp(`Split 0 of .* is in use by process ${holder.process.pid} on .*since`);
    await expect(trainer.train(ownSplit(0), { computational })).rejects.toThrow(inUse);
    await expect(trainer.resume({ splitIdx: 0, split: ownSplit(0) })).rejects.toThrow(LockedError);
    expect(() => trainer.maps.deleteSplit(0)).toThrow(inUse);
    const overwrite = () =>
      new Trainer({ maps: trainers.path("maps"), model: trainer.model, overwrite: true, callbacks: callbacks() });
    expect(overwrite).toThrow(inUse);
    // what the other one wrote is as it was; another split is free
    expect(readFileSync(trainers.path("maps", "training/split-0/summary.log"), "utf8")).not.toMatch(/interrupted/);
    await trainer.train(ownSplit(1), { computational });

    // the lock ends with its process, in whatever way
    holder.process.kill("SIGKILL");
    await holder.ended();
    await trainer.resume({ splitIdx: 0, split: ownSplit(0) });
    expect(trainers.text("maps", "training/split-0/summary.log")).toMatch(/completed after 1 epochs/);
  });
});
