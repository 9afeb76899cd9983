import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FileLock } from "./lock.ts";
import { seemsHeld } from "./lock-holders.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "holders-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const QUIET = 60_000;
const path = () => join(dir, "a.lock");
/** As a process would have signed it. */
function signedBy(pid: number, host = hostname()): boolean {
  writeFileSync(path(), `process ${pid} on ${host}, since 2026-01-01T00:00:00.000Z\n`);
  return seemsHeld(path(), QUIET);
}

it("holds a lock for as long as it is there, and asks for none", () => {
  expect(seemsHeld(path(), QUIET)).toBe(false);
  using _held = FileLock.acquire(path(), "This");
  const signed = readFileSync(path(), "utf8");
  expect(seemsHeld(path(), QUIET)).toBe(true);
  expect(readFileSync(path(), "utf8")).toBe(signed);
  // what was written by a version that did not say when a process began
  expect(signedBy(process.pid)).toBe(true);
  expect(signedBy(1, "another-machine")).toBe(true);
  writeFileSync(path(), "what is no line of a lock\n");
  expect(seemsHeld(path(), QUIET)).toBe(false);
});

it("does not hold it when it has ended, whether or not somebody has asked how", async () => {
  const program = `
    const { spawn } = require("node:child_process");
    const ended = spawn("sh", ["-c", "exit 0"]);
    ended.once("exit", () => console.log(ended.pid));
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const [reaped] = (await once(parent.stdout, "data")) as [Buffer];
  expect(signedBy(Number(reaped))).toBe(false);
  expect(signedBy(parent.pid ?? 0)).toBe(true);
  const closed = once(parent, "close");
  parent.kill("SIGKILL");
  await closed;
  expect(signedBy(parent.pid ?? 0)).toBe(false);
  // the second program takes the place of the first, and does not know the child of which it would have to ask
  const shell = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 1000"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [left] = (await once(shell.stdout, "data")) as [Buffer];
    const isOver = () => /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${Number(left)}/stat`, "utf8"));
    if (process.platform !== "linux") return;
    while (!isOver()) await new Promise((done) => setTimeout(done, 10));
    expect(signedBy(Number(left))).toBe(false);
  } finally {
    const over = once(shell, "close");
    shell.kill("SIGKILL");
    await over;
  }
});
