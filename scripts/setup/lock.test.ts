import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { FakeMachine } from "./fake-machine.ts";
import { withLock } from "./lock.mjs";

describe("the lock", () => {
  it("lets one in at a time, and is gone afterwards, also after a failure", async () => {
    using machine = new FakeMachine([]);
    const path = machine.path("a", "lock");
    let inside = 0;
    let most = 0;
    const body = async () => {
      most = Math.max(most, ++inside);
      await sleep(20);
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(path, body, { pollMs: 5 })));
    expect(most).toBe(1);
    await expect(withLock(path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(existsSync(path)).toBe(false);
  });

  it("is taken over from a process that has ended", async () => {
    using machine = new FakeMachine([]);
    const path = machine.path("lock");
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    writeFileSync(path, JSON.stringify({ pid, host: hostname(), token: "old" }));
    expect(await withLock(path, async () => "in", { pollMs: 5 })).toBe("in");
  });

  it("is waited for while its process lives, telling who holds it", async () => {
    using machine = new FakeMachine([]);
    const path = machine.path("lock");
    const waits: unknown[] = [];
    const first = withLock(path, () => sleep(60));
    await withLock(path, async () => undefined, { pollMs: 5, onWait: (owner: unknown) => waits.push(owner) });
    await first;
    expect(waits).toMatchObject([{ pid: process.pid, host: hostname() }]);
  });

  it.runIf(process.platform === "linux")("is not taken over from a process that is stopped", async () => {
    using machine = new FakeMachine([]);
    const path = machine.path("lock");
    const program = `import { withLock } from ${JSON.stringify(new URL("lock.mjs", import.meta.url).href)};
      await withLock(process.argv[1], () => new Promise((end) => process.stdin.resume().once("end", end)));`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", program, path], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    using _ended = { [Symbol.dispose]: () => owner.kill("SIGKILL") };
    const ended = once(owner, "exit");
    while (!existsSync(path) || readFileSync(path, "utf8") === "") await sleep(5);
    owner.kill("SIGSTOP");
    let inside = false;
    const second = withLock(path, async () => (inside = true), { pollMs: 5, staleMs: 50 });
    await sleep(300);
    expect(inside).toBe(false);
    owner.kill("SIGCONT");
    owner.stdin.end();
    expect(await ended).toEqual([0, null]);
    expect(await second).toBe(true);
  });

  it.runIf(process.platform === "linux")("is taken over from an ended process whose number another has", async () => {
    using machine = new FakeMachine([]);
    const path = machine.path("lock");
    writeFileSync(path, JSON.stringify({ pid: process.pid, begun: "1", host: hostname(), token: "old" }));
    expect(await withLock(path, async () => "in", { pollMs: 5 })).toBe("in");
  });

  it("is taken over from another host only when it has not been touched for long", async () => {
    using machine = new FakeMachine([]);
    const path = machine.path("lock");
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: "elsewhere", token: "other" }));
    const start = performance.now();
    await withLock(path, async () => undefined, { pollMs: 5, staleMs: 100 });
    expect(performance.now() - start).toBeGreaterThan(90);
  });

  it("is taken over when its owner died before writing its name", async () => {
    using machine = new FakeMachine([]);
    const path = machine.path("lock");
    writeFileSync(path, "");
    expect(await withLock(path, async () => "in", { pollMs: 5, staleMs: 50 })).toBe("in");
  });
});
