import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
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

  it("may be shared, as long as none holds it alone; says all who do", () => {
    const path = join(dir, "shared.lock");
    const shared = { shared: true };
    {
      using _one = FileLock.acquire(path, "This", shared);
      using _two = FileLock.acquire(path, "This", shared);
      expect(FileLock.tryAcquire(path)).toBeNull();
      expect(readFileSync(path, "utf8").match(/^process \d+ on .*$/gm)).toHaveLength(2);
      expect(() => FileLock.acquire(path, "It")).toThrow(/this very process.*'await'/);
    }
    using _alone = FileLock.acquire(path, "This");
    expect(FileLock.tryAcquire(path, shared)).toBeNull();
  });

  it("is that of the file that has its name when it is granted", async () => {
    const folder = join(dir, "maps");
    const path = join(folder, "a.lock");
    using held = FileLock.acquire(path, "This");
    const waiting = spawn(
      process.execPath,
      script(`console.log("waits"); globalThis.held = FileLock.await(${JSON.stringify(path)}, "It"); console.log("held");
        setInterval(() => {}, 1000);`),
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const lines = createInterface({ input: waiting.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("waits");
    // another directory comes in its place
    renameSync(folder, join(dir, "old"));
    mkdirSync(folder);
    held[Symbol.dispose]();
    expect((await lines.next()).value).toBe("held");
    expect(FileLock.tryAcquire(path)).toBeNull();
    using _old = FileLock.acquire(join(dir, "old", "a.lock"), "The old one");
    waiting.kill("SIGKILL");
  });

  it("is not taken through a link or a pipe, nor where its directory was deleted", () => {
    writeFileSync(join(dir, "file"), "precious");
    symlinkSync(join(dir, "file"), join(dir, "link.lock"));
    expect(() => FileLock.acquire(join(dir, "link.lock"), "It")).toThrow(/link\.lock is a link/);
    expect(readFileSync(join(dir, "file"), "utf8")).toBe("precious");
    expect(() => FileLock.acquire(join(dir, "gone", "training", "a.lock"), "It")).toThrow(/ENOENT/);
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
