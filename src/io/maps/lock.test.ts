import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileLock, LockedError } from "./lock.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lock-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

const script = (body: string) => [
  "--input-type=module",
  "-e",
  `import { FileLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};\n${body}`,
];

describe("FileLock", () => {
  it("is held by one at a time, in this process too, and says by whom", () => {
    const path = join(dir, "sub", "a.lock");
    {
      using _held = FileLock.acquire(path, "This");
      expect(FileLock.tryAcquire(path)).toBeNull();
      expect(() => FileLock.acquire(path, "Split 0")).toThrow(LockedError);
      expect(() => FileLock.acquire(path, "Split 0")).toThrow(
        new RegExp(`Split 0 is in use by process ${process.pid} on .*, since 20.*a\\.lock.*Wait`),
      );
    }
    using again = FileLock.tryAcquire(path);
    expect(again).not.toBeNull();
  });

  it("ends with its process, even when that is killed", async () => {
    const path = join(dir, "killed.lock");
    const body = `FileLock.acquire(${JSON.stringify(path)}, "It"); console.log("held"); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, script(body), { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((done) => child.stdout.once("data", done));
    expect(() => FileLock.acquire(path, "It")).toThrow(new RegExp(`process ${child.pid} `));
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
    using mine = FileLock.tryAcquire(path);
    expect(mine).not.toBeNull();
    expect(readFileSync(path, "utf8")).toMatch(`process ${process.pid} `);
  });

  it("lets processes write in turn", async () => {
    const lock = join(dir, "turns.lock");
    const file = join(dir, "numbers");
    const body = `
      import { existsSync, readFileSync, writeFileSync } from "node:fs";
      for (let i = 0; i < 40; i++) {
        FileLock.hold(${JSON.stringify(lock)}, () => {
          const old = existsSync(${JSON.stringify(file)}) ? readFileSync(${JSON.stringify(file)}, "utf8") : "";
          writeFileSync(${JSON.stringify(file)}, old + "x");
        });
      }`;
    const children = [0, 1, 2].map(() => spawn(process.execPath, script(body), { stdio: "inherit" }));
    const codes = await Promise.all(children.map((child) => new Promise((done) => child.once("exit", done))));
    expect(codes).toEqual([0, 0, 0]);
    expect(readFileSync(file, "utf8")).toBe("x".repeat(120));
  });

  it("gives up after its patience", () => {
    const path = join(dir, "slow.lock");
    using _held = FileLock.acquire(path, "This");
    expect(() => FileLock.hold(path, () => 1, { patience: 40 })).toThrow(LockedError);
  });
});
