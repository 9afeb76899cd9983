import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const SCRIPT = join(import.meta.dirname, "fixtures", "held-training.ts");

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "closed-output-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Trains in another process that writes each batch to standard output, as a user's own callback may.
 * @param closed streams whose reader ends after the first piece.
 * @param redirect of the shell that starts it.
 */
function train(name: string, { closed = [] as ("stdout" | "stderr")[], redirect = "" } = {}): Promise<Ended> {
  const shell = `exec "$0" "$@" ${redirect}`;
  const args = [process.execPath, SCRIPT, join(dir, name), "never", "signal", "{}"];
  const child = spawn("sh", ["-c", shell, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of ["stdout", "stderr"] as const) {
    if (closed.includes(stream)) child[stream].once("data", () => child[stream].destroy());
    else child[stream].resume();
  }
  return new Promise((done) => child.once("exit", (code, signal) => done({ code, signal })));
}

function expectTrained(name: string, ended: Ended): void {
  expect(ended).toEqual({ code: 0, signal: null });
  const split = join(dir, name, "training", "split-0");
  expect(existsSync(join(split, ".clinicadl-ts", "complete.json"))).toBe(true);
  expect(readFileSync(join(split, "summary.log"), "utf8")).toMatch(/Training completed after 3 epochs/);
}

describe("a training goes on to its end, and its logs too,", () => {
  it("when who reads its standard error ends", async () => {
    expectTrained("stderr", await train("stderr", { closed: ["stderr"] }));
  });
  it("when who reads its standard output ends", async () => {
    expectTrained("stdout", await train("stdout", { closed: ["stdout"] }));
  });
  it("when who reads both ends, as of 2>&1 | head", async () => {
    expectTrained("both", await train("both", { closed: ["stdout"], redirect: "2>&1" }));
  });
  it("when both are closed from the start", async () => {
    expectTrained("none", await train("none", { redirect: ">&- 2>&-" }));
  });
  it.skipIf(!existsSync("/dev/full"))("when the disk behind both is full", async () => {
    expectTrained("full", await train("full", { redirect: ">/dev/full 2>/dev/full" }));
  });
});
