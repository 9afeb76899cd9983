import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { FakeMachine, fakePython, type PipMode } from "./fake-machine.ts";
import { fetchLibtorch } from "./fetch.mjs";
import { cacheFolder, fromCache } from "./libtorch.mjs";
import { cacheRoot } from "./platform.mjs";

function machineWith(mode: PipMode): FakeMachine {
  const machine = new FakeMachine();
  fakePython(join(machine.bin, "python3"), { mode });
  return machine;
}
const fetches = (machine: FakeMachine) =>
  readFileSync(join(machine.bin, "python3.log"), "utf8").trim().split("\n").length;
const fetchWith = (machine: FakeMachine, space = 1) => fetchLibtorch({ env: machine.env, gpu: false, space });

/** Fetches in a process of its own, as a second setup would. */
function inOwnProcess(machine: FakeMachine) {
  const url = pathToFileURL(join(import.meta.dirname, "fetch.mjs")).href;
  const script = `const { fetchLibtorch } = await import(${JSON.stringify(url)}); await fetchLibtorch({ gpu: false, space: 1 });`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], { env: machine.env, stdio: "ignore" });
}

describe("fetching libtorch", () => {
  it("leaves one complete folder and nothing else, and does not fetch again", async () => {
    using machine = machineWith("works");
    const found = await fetchWith(machine);
    expect(found).toMatchObject({ dir: cacheFolder(machine.env, false), version: "2.15.0" });
    await fetchWith(machine);
    expect(fetches(machine)).toBe(1);
    expect(readdirSync(cacheRoot(machine.env))).toEqual([cacheFolder(machine.env, false).split("/").at(-1)]);
  });

  it("fetches once when two setups start together", async () => {
    using machine = machineWith("works");
    const codes = await Promise.all(
      [inOwnProcess(machine), inOwnProcess(machine)].map((child) => new Promise((done) => child.on("exit", done))),
    );
    expect(codes).toEqual([0, 0]);
    expect(fetches(machine)).toBe(1);
  });

  it("starts anew after a setup that was killed half way", async () => {
    using machine = machineWith("hangs");
    const child = inOwnProcess(machine);
    const begun = () =>
      existsSync(cacheRoot(machine.env)) &&
      readdirSync(cacheRoot(machine.env), { recursive: true }).some((name) => String(name).endsWith("begun"));
    while (!begun() && child.exitCode === null) await sleep(25);
    expect(begun()).toBe(true);
    const gone = new Promise((done) => child.on("exit", done));
    child.kill("SIGKILL");
    await gone;
    expect(fromCache(machine.env)).toBeUndefined();
    fakePython(join(machine.bin, "python3"));
    expect(await fetchWith(machine)).toMatchObject({ source: "the cache" });
    expect(readdirSync(cacheRoot(machine.env))).toHaveLength(1);
  });

  it("replaces a folder that was never completed", async () => {
    using machine = machineWith("works");
    const folder = cacheFolder(machine.env, false);
    mkdirSync(join(folder, "torch"), { recursive: true });
    writeFileSync(join(folder, "half"), "");
    await fetchWith(machine);
    expect(existsSync(join(folder, "half"))).toBe(false);
  });

  it.each([
    ["full", /The disk is full: libtorch .*\nFree some space.*XDG_CACHE_HOME/],
    ["offline", /pip could not fetch libtorch[\s\S]*Check the network[\s\S]*CLINICADL_LIBTORCH/],
    ["nothing", /pip found no torch 2\.15\.0[\s\S]*install --upgrade pip/],
    ["absent", /has no pip[\s\S]*apt install python3 python3-pip[\s\S]*CLINICADL_LIBTORCH/],
    ["wrong-version", /What pip fetched is not libtorch 2\.15\.0: it is version 2\.14\.1/],
  ] as const)("says what to do and leaves nothing when pip is '%s'", async (mode, message) => {
    using machine = machineWith(mode);
    await expect(fetchWith(machine)).rejects.toThrow(message);
    expect(readdirSync(cacheRoot(machine.env))).toEqual([]);
  });

  it("says so without Python, and when there is too little space, before it begins", async () => {
    using bare = new FakeMachine();
    await expect(fetchWith(bare)).rejects.toThrow(/Python 3 was not found/);
    using machine = machineWith("works");
    await expect(fetchWith(machine, 1e18)).rejects.toThrow(/Not enough space in .*XDG_CACHE_HOME/s);
  });
});
