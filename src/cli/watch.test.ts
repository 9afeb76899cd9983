import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Maps } from "../io/maps/index.ts";
import { TRAINING, toldBatch } from "../run/fixtures/told.ts";
import { formatEvent, type ToldEvent } from "../run/journal/schema.ts";

let folder = "";
let maps = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "watch-command-"));
  maps = join(folder, "maps");
  mkdirSync(join(maps, "training"), { recursive: true });
  writeFileSync(join(maps, "summary.log"), "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = join(import.meta.dirname, "index.ts");

it("is a command that loads no engine, prints the address, and ends at once", async () => {
  const child = spawn(process.execPath, [PROGRAM, "watch", maps, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
  const [printed] = await new Promise<Buffer[]>((done) => child.stdout.once("data", (data: Buffer) => done([data])));
  const { url, port } = JSON.parse(String(printed)) as { url: string; port: number };
  expect(url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/\\?token=[\\w-]{32}$`));
  // with a stream open, which would keep a server from closing
  const stream = await fetch(`http://127.0.0.1:${port}/api/news${new URL(url).search}`);
  expect(stream.status).toBe(200);
  if (process.platform === "linux") {
    expect(readFileSync(`/proc/${child.pid}/maps`, "utf8")).not.toMatch(/libtorch/);
  }
  child.kill("SIGINT");
  expect(await new Promise((done) => child.once("exit", (code, signal) => done([code, signal])))).toEqual([0, null]);
});

/** A training that goes on, of 2 epochs. */
function writeEvents(split: number, ...told: readonly ToldEvent[]): void {
  const { path, eventsJsonl } = new Maps(maps).training.split(split);
  mkdirSync(join(path, ".clinicadl-ts"), { recursive: true });
  const lines = told.map((event, n) => formatEvent({ n, time: Date.now() - 1000 + n, ...event }));
  writeFileSync(eventsJsonl, `${lines.join("\n")}\n`);
}

// the `script` of other systems has other options
it.runIf(process.platform === "linux")(
  "shows in a terminal the splits that are trained, and leaves the terminal as it was",
  async () => {
    for (const split of [0, 1]) writeEvents(split, { kind: "start", ...TRAINING, split }, toldBatch(1, 4));
    const quoted = [process.execPath, PROGRAM, "watch", "--plain", maps].map((word) => `'${word}'`).join(" ");
    // The terminal is of `script`, which gives it what comes on its own standard input. Ctrl-C goes to the shell, too, which goes
    // on to what follows since it has a trap; without SHELL, `script` would take the user's own.
    const script = `trap : INT; stty cols 80 rows 24; stty -g; ${quoted}; echo "exit $?"; stty -g`;
    const child = spawn("script", ["-qec", script, "/dev/null"], { env: { ...process.env, SHELL: "/bin/sh" } });
    let text = "";
    let interrupted = false;
    child.stdout.on("data", (data: Buffer) => {
      text += String(data);
      if (interrupted || !text.includes("Split 1  Epoch 1/2  4/8  loss 0.5")) return;
      interrupted = true;
      child.stdin.write("\x03");
    });
    await new Promise((done) => child.once("close", done));
    expect(text).toContain("Split 0  Epoch 1/2  4/8  loss 0.5");
    const [before, ...lines] = text.trimEnd().split(/\r?\n/);
    expect(lines.at(-1)).toBe(before);
    // nothing is hidden, switched or coloured that would have to be undone
    expect(text.replaceAll("\x1b[2F\x1b[J", "")).not.toContain("\x1b");
    expect(text).toMatch(/exit 0/);
  },
);

it("writes a line for each epoch where there is no terminal", async () => {
  const epoch: ToldEvent = { kind: "epoch", epoch: 1, losses: { loss: 0.5 }, seconds: 1 };
  writeEvents(0, { kind: "start", ...TRAINING, split: 0 }, toldBatch(1, 8), epoch, { kind: "end" });
  writeEvents(1, { kind: "start", ...TRAINING, split: 1 }, toldBatch(1, 8));
  const child = spawn(process.execPath, [PROGRAM, "watch", "--plain", maps], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  await new Promise<void>((done) => {
    child.stdout.on("data", (data: Buffer) => {
      text += String(data);
      if (text.includes("done in")) done();
    });
  });
  child.kill("SIGINT");
  expect(await new Promise((done) => child.once("exit", (code, signal) => done([code, signal])))).toEqual([0, null]);
  expect(text).toMatch(/^Split 0 {2}epoch 1\/2 {2}loss 0\.5\nSplit 0 {2}done in 0:00 {2}→ .*split-0\n$/);
});

it("says what is wrong with a port, and with what is no MAPS", async () => {
  const other = createServer();
  await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
  const { port } = other.address() as { port: number };
  const watch = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, "watch", ...args], { encoding: "utf8" });
    return { status, stdout, stderr };
  };
  expect(watch(maps, "--port", String(port))).toEqual({
    status: 1,
    stdout: "",
    stderr: `clinicadl: Port ${port} is in use. Give another with --port, or none: then a free one is taken.\n`,
  });
  other.close();
  expect(watch(maps, "--port", "80x").stderr).toMatch(/Give a number between 0 and 65535/);
  expect(watch(join(folder, "nothing")).stderr).toMatch(/nothing does not exist\. Check the path of the MAPS/);
  expect(watch(folder).stderr).toMatch(/is no MAPS/);
  const study = join(folder, "study");
  mkdirSync(study);
  writeFileSync(join(study, "study.sqlite"), "");
  expect(watch(study, "--plain")).toEqual({
    status: 1,
    stdout: "",
    stderr: `clinicadl: ${study} is the study of a sweep, which the page shows: leave out --plain, or give MAPS of its trials (${join(study, "trial-0000")}).\n`,
  });
});
