/**
 * Several processes create, train, evaluate, replace and delete at random on one MAPS. After each round of calls that begin
 * together, the MAPS is readable, and what those that succeeded one after the other would have made of it, in some order;
 * those that failed have changed nothing. RACES_ROUNDS says how many rounds there are (`npm run test:races`: 200).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readJson } from "../../src/io/files/index.ts";
import { Maps } from "../../src/io/maps/index.ts";
import * as torch from "../../src/torch/index.ts";
import { Trainer } from "../../src/train/index.ts";
import { Rng } from "../../src/utils/random/rng.ts";
import type { Call, Outcome } from "./races-worker.ts";

const rounds = Number(process.env.RACES_ROUNDS ?? 8);
const seed = Number(process.env.RACES_SEED ?? 1);
const PROCESSES = 4;
const dir = mkdtempSync(join(tmpdir(), "races-"));
const path = join(dir, "maps");

class Worker {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  constructor() {
    const script = join(import.meta.dirname, "races-worker.ts");
    this.#process = spawn(process.execPath, [script, path], { stdio: ["pipe", "pipe", "ignore"] });
    if (this.#process.stdout === null) throw new Error("no output");
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("a process ended");
    return value;
  }
  async call(call: Call): Promise<Outcome> {
    this.#process.stdin?.write(`${JSON.stringify(call)}\n`);
    return JSON.parse(await this.line()) as Outcome;
  }
  async end(): Promise<void> {
    const ended = new Promise((done) => this.#process.once("close", done));
    this.#process.kill("SIGKILL");
    await ended;
  }
}

let workers: Worker[] = [];
beforeAll(async () => {
  workers = Array.from({ length: PROCESSES }, () => new Worker());
  for (const worker of workers) expect(await worker.line()).toBe("ready");
});
afterAll(async () => {
  for (const worker of workers) await worker.end();
  rmSync(dir, { recursive: true, force: true });
});

/** What there is, as far as calls change it; null: no MAPS. */
interface State {
  readonly variant: number;
  /** Trained splits, each with what was made with its final model. */
  readonly splits: Readonly<Record<string, readonly string[]>>;
}

/** What a call makes of a MAPS; undefined where it cannot be done. */
function after(state: State | null, call: Call): State | null | undefined {
  if ("variant" in call) {
    return state !== null && call.do === "create" ? undefined : { variant: call.variant, splits: {} };
  }
  if (call.do === "remove") return null; // nothing is there to remove: nothing is done
  if (state === null) return undefined;
  const { [call.split]: made, ...others } = state.splits;
  if (call.do === "train")
    return made === undefined ? { ...state, splits: { ...others, [call.split]: [] } } : undefined;
  if (made === undefined) return undefined;
  switch (call.do) {
    case "deleteSplit":
      return { ...state, splits: others };
    case "validate":
      return state;
    case "test":
    case "predict": {
      if (call.do === "test" && made.includes("test")) return undefined;
      return { ...state, splits: { ...others, [call.split]: [...new Set([...made, call.do])].sort() } };
    }
  }
}

/** What is on the disk; every file of it can be read. */
async function observed(): Promise<State | null> {
  const maps = new Maps(path);
  if (!maps.exists()) return null;
  (await Trainer.fromMaps(maps)).dispose();
  const splits: Record<string, string[]> = {};
  for (const split of maps.training.splitsList) {
    using _scope = torch.scope();
    torch.load(maps.training.getCheckpointDir(`split-${split}_final`).modelPt);
    expect(existsSync(maps.training.split(split).completeJson)).toBe(true);
    splits[split] = [];
    if (existsSync(maps.test.group("g").results(split, "final").metrics.detailsTsv)) splits[split].push("test");
    if (existsSync(maps.prediction.group("g").results(split, "final").outputTsv)) splits[split].unshift("predict");
  }
  return { variant: Number(readJson(maps.training.optimizationJson).accumulation_steps), splits };
}

function* orders<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length === 0) yield [];
  for (const [i, item] of items.entries()) {
    for (const rest of orders(items.toSpliced(i, 1))) yield [item, ...rest];
  }
}

/** All that may be there after these calls, in whichever order. */
function possible(before: State | null, done: readonly Call[]): Set<string> {
  const states = new Set<string>();
  for (const order of orders(done)) {
    let state: State | null | undefined = before;
    for (const call of order) if (state !== undefined) state = after(state, call);
    if (state !== undefined) states.add(JSON.stringify(state));
  }
  return states;
}

/** What a call that came too early, too late or in between may say. */
const REFUSALS = new Set(["ClinicaDLException", "LockedError", "MapsExistsError", "MapsReplacedError"]);

async function round(before: State | null, calls: readonly Call[], what: string): Promise<State | null> {
  const outcomes = await Promise.all(calls.map((call, i) => workers[i]!.call(call)));
  const story = JSON.stringify({ what, before, calls, outcomes }, null, 1);
  for (const outcome of outcomes) if (!outcome.ok) expect(REFUSALS, story).toContain(outcome.name);
  const now = await observed().catch((error) => expect.fail(`${error.stack}\n${story}`));
  const done = calls.filter((_, i) => outcomes[i]?.ok);
  expect([...possible(before, done)], story).toContain(JSON.stringify(now));
  expect(
    readdirSync(dir).filter((name) => name !== "maps"),
    story,
  ).toEqual([]);
  return now;
}

it("processes that create at once: one does, the others say that there is one", async () => {
  for (let k = 0; k < Math.max(3, rounds / 8); k++) {
    rmSync(path, { recursive: true, force: true });
    const calls = workers.map((_, i): Call => ({ do: "create", variant: i + 1 }));
    const outcomes = await Promise.all(calls.map((call, i) => workers[i]!.call(call)));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    for (const outcome of outcomes) if (!outcome.ok) expect(outcome.name, outcome.stack).toBe("MapsExistsError");
    expect(await observed()).toEqual({ variant: outcomes.findIndex(({ ok }) => ok) + 1, splits: {} });
  }
});

it("replacing a MAPS while a training starts, and deleting a split while it is validated", async () => {
  for (let k = 0; k < Math.max(3, rounds / 8); k++) {
    rmSync(path, { recursive: true, force: true });
    let state = await round(null, [{ do: "create", variant: 1 }], `create ${k}`);
    state = await round(
      state,
      [
        { do: "overwrite", variant: 2 },
        { do: "train", split: 0 },
      ],
      `replace ${k}`,
    );
    if (state?.splits[0] === undefined) state = await round(state, [{ do: "train", split: 0 }], `train ${k}`);
    await round(
      state,
      [
        { do: "validate", split: 0 },
        { do: "deleteSplit", split: 0 },
      ],
      `delete ${k}`,
    );
  }
});

it(`${rounds} rounds of calls at random`, async () => {
  rmSync(path, { recursive: true, force: true });
  const rng = new Rng(seed);
  const pick = <T>(...choices: readonly T[]): T => choices[Math.floor(rng.uniform() * choices.length)] as T;
  const anyCall = (): Call => {
    const kind = pick<Call["do"]>(
      ...([
        "create",
        "train",
        "train",
        "train",
        "validate",
        "test",
        "predict",
        "deleteSplit",
        "overwrite",
        "remove",
      ] as const),
    );
    if (kind === "remove") return { do: kind };
    if (kind === "create" || kind === "overwrite") return { do: kind, variant: pick(1, 2, 3) };
    return { do: kind, split: pick(0, 1) };
  };
  let state: State | null = null;
  for (let k = 0; k < rounds; k++) {
    // most things need a MAPS
    if (state === null) state = await round(state, [{ do: "create", variant: 1 }], `before round ${k} of seed ${seed}`);
    state = await round(state, Array.from({ length: PROCESSES }, anyCall), `round ${k} of seed ${seed}`);
  }
});
