/**
 * A process that is started with the shim, and that tries points one after the other. Each training, and each recovery,
 * runs in a child that is forked from here: this process has loaded all code, and changes nothing itself.
 *
 *   lane.ts prepare FOLDER LIBRARY SCENARIO,…      makes what scenarios are compared with
 *   lane.ts try FOLDER LIBRARY POINTS              tries the points of a JSON file; each result is a line of JSON
 *
 * FOLDER is for all lanes; in `<scenario>/` it has changes.tsv, reads.tsv, before/ and after/. The disk of this lane is FAULTS_ROOT.
 */
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { FAULTS, inAnyOrder, type Point, type Result, readCalls, withoutChance } from "./calls.ts";
import { describe, unclear } from "./errors.ts";
import { Disk } from "./power-cut.ts";
import { Shim } from "./shim.ts";
import { SCENARIOS, type Scenario, type ScenarioName } from "./subject.ts";
import { beside, damagedCheckpoints, damages, differences, hasReached, newestCheckpoint } from "./trees.ts";

const [command = "", folder = "", library = "", what = ""] = process.argv.slice(2);
const disk = process.env.FAULTS_ROOT ?? "";
const maps = join(disk, "maps");
const outcomeJson = join(dirname(disk), "outcome.json");
const journalTsv = join(dirname(disk), "journal.tsv");
const synced = process.env.FAULTS_SYNCED ?? "";
const shim = new Shim(library);

// events are written when a second has passed: how often that is would be chance
const startedAt = Date.now();
Date.now = () => startedAt;

/** What a child has to tell. */
interface Outcome {
  readonly outcome: string;
  readonly problems: readonly string[];
}

/** Runs `body` in a child, with the faults that the shim is armed with. @returns what it tells, or why it could not. */
async function inChild(body: () => Promise<Outcome>): Promise<Outcome | string> {
  rmSync(outcomeJson, { force: true });
  const end = await shim.child(async () => {
    const tell = (outcome: Outcome) => {
      shim.disarm();
      writeFileSync(outcomeJson, JSON.stringify(outcome));
    };
    const crash = (error: unknown) => {
      tell({ outcome: "crashed", problems: [`outside of the training: ${describe(error, disk)}`] });
      shim.leave();
    };
    process.on("uncaughtException", crash);
    process.on("unhandledRejection", crash);
    process.stderr.write = () => true;
    tell(await body().catch((error) => ({ outcome: "failed", problems: [describe(error, disk)] })));
  });
  shim.disarm();
  return existsSync(outcomeJson) ? (JSON.parse(readFileSync(outcomeJson, "utf8")) as Outcome) : end;
}

/** In a child, too, and nothing may go wrong. */
async function undisturbed(body: () => Promise<void>): Promise<void> {
  const end = await inChild(() => body().then(() => ({ outcome: "done", problems: [] })));
  if (typeof end === "string") throw new Error(`The undisturbed run ended with ${end}.`);
  if (end.problems.length > 0) throw new Error(`The undisturbed run failed: ${end.problems.join("; ")}`);
}

/** Makes the disk what it is before a scenario. */
function install(name: ScenarioName): void {
  rmSync(disk, { recursive: true, force: true });
  mkdirSync(disk);
  const before = join(folder, name, "before");
  if (existsSync(before)) cpSync(before, disk, { recursive: true });
}

async function makeBefore(name: ScenarioName, path: string): Promise<void> {
  const { before }: Scenario = SCENARIOS[name];
  if (before === null) return;
  install("train");
  const { run, killedAt } = before;
  const list = `${path}.tsv`;
  shim.list(openSync(list, "w"), "changes");
  await undisturbed(() => run(maps));
  if (killedAt !== null) {
    const calls = readCalls(readFileSync(list, "utf8"));
    const at = calls.findIndex((call) => killedAt.test(`${call.name} ${call.path}`)) + 1;
    install("train");
    shim.arm({ mode: "kill", calls: "changes", at, error: "EIO" });
    const end = await inChild(() => run(maps).then(() => ({ outcome: "done", problems: [] })));
    if (end !== "signal 9") throw new Error(`The training was not killed at ${killedAt}.`);
  }
  // a call within the same second would have to look for another name for its logs
  rmSync(join(maps, "exec"), { recursive: true, force: true });
  renameSync(disk, path);
}

async function prepare(name: ScenarioName): Promise<void> {
  const scenario: Scenario = SCENARIOS[name];
  const own = join(folder, name);
  mkdirSync(own);
  await makeBefore(name, join(own, "before"));
  const after = join(own, "after");
  install(name);
  shim.list(openSync(join(own, "changes.tsv"), "w"), "changes");
  await undisturbed(() => scenario.run(maps));
  renameSync(maps, after);
  install(name);
  shim.list(openSync(join(own, "reads.tsv"), "w"), "reads");
  await undisturbed(() => scenario.run(maps));
  const chance = differences(after, maps);
  if (chance.length > 0) throw new Error(`Two undisturbed runs differ: ${chance.join("; ")}.`);
}

/** The run in which something goes wrong. @param checkpoint that must not be lost. */
async function disturbed(point: Point, checkpoint: string | null): Promise<Outcome> {
  const scenario: Scenario = SCENARIOS[point.scenario];
  const problems: string[] = [];
  let outcome = "the run went on";
  try {
    await scenario.run(maps);
  } catch (error) {
    outcome = `stopped with ${describe(error, disk)}`;
    problems.push(...unclear(error, disk));
    if (point.fault.mode === "full") {
      // there still is no room: that is said again, and does no harm
      await scenario.goOn(maps).then(
        () => problems.push("went on without room on the disk"),
        (second) => problems.push(...unclear(second, disk)),
      );
    }
  }
  shim.disarm();
  // in one of the modes, users try again in the same process; otherwise, in a new one
  if (point.fault.error === "EIO") problems.push(...(await goOn(point, checkpoint)));
  return { outcome, problems };
}

/** Of an error that it survives, a training may have warned: here, and in the sizes of logs and the numbers of events. */
const WARNINGS = /\/warning\.log$|\/split\.json$|\/events\.jsonl$/;

/** What is wrong with what was left, and with the end of the training. */
async function goOn({ scenario, name }: Point, checkpoint: string | null): Promise<string[]> {
  const problems = damages(maps);
  if (checkpoint !== null && !hasReached(maps, checkpoint)) problems.push(`the checkpoint ${checkpoint} is lost`);
  try {
    await SCENARIOS[scenario].goOn(maps);
  } catch (error) {
    return [...problems, `cannot go on: ${describe(error, disk)}`];
  }
  const left = beside(maps).map((file) => `${file} is left over beside the MAPS`);
  const warned = FAULTS[name].ends ? null : WARNINGS;
  const after = join(folder, scenario, "after");
  return [...problems, ...differences(after, maps, warned), ...damagedCheckpoints(maps), ...left];
}

/** Runs `body` in a child, with a fault; if that is that the power fails, the disk keeps what it has to, and little else. */
async function inDanger({ fault, kept }: Point, body: () => Promise<Outcome>): Promise<Outcome | string> {
  if (kept === null) {
    shim.arm(fault);
    return inChild(body);
  }
  const before = Disk.of(disk);
  const journal = openSync(journalTsv, "w");
  shim.arm(fault, journal);
  const end = await inChild(body);
  closeSync(journal);
  before.replay(readFileSync(journalTsv, "utf8"), synced);
  before.cut(disk, kept, fault.at);
  return end;
}

async function tryPoint(point: Point): Promise<Result> {
  install(point.scenario);
  const checkpoint = point.checkpoint ?? newestCheckpoint(maps);
  const { mode, error } = point.fault;
  const killed = mode === "kill" || mode === "tear";
  const first = await inDanger(point, () => disturbed(point, checkpoint));
  const { outcome, problems: found } = typeof first === "string" ? { outcome: first, problems: [] } : first;
  const problems = [...found];
  const call = withoutChance(shim.what).replace("\t", " ");
  if (shim.fired === 0) problems.push("this call was not reached");
  else if (inAnyOrder(call) !== inAnyOrder(point.call)) problems.push(`the call was another one: ${call}`);
  if (typeof first === "string" && !(killed && first === "signal 9")) problems.push(`the process ended with ${first}`);
  if (killed && typeof first !== "string") problems.push("the process was not killed");
  if (killed || error !== "EIO") {
    const second = await inChild(async () => ({ outcome: "", problems: await goOn(point, checkpoint) }));
    problems.push(...(typeof second === "string" ? [`going on ended with ${second}`] : second.problems));
  }
  return { ...point, outcome, problems: [...new Set(problems)].map(withoutChance) };
}

switch (command) {
  case "prepare":
    for (const name of what.split(",")) await prepare(name as ScenarioName);
    break;
  case "try":
    // once here, so that the children find all code compiled
    install("train");
    await SCENARIOS.train.run(maps);
    for (const point of JSON.parse(readFileSync(what, "utf8")) as Point[]) {
      process.stdout.write(`${JSON.stringify(await tryPoint(point))}\n`);
    }
    break;
  default:
    throw new Error(`lane.ts: unknown command '${command}'.`);
}
