import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "./index.ts";

let before = 0;
beforeEach(() => {
  before = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before);
});

describe("scopes", () => {
  it("dispose what was made in them and not kept", () => {
    let kept: torch.Tensor;
    let lost: torch.Tensor;
    {
      using outer = torch.scope();
      {
        using inner = torch.scope();
        lost = torch.ones([2]);
        kept = outer.keep(inner.keep(lost.add(1)));
      }
      expect(lost.disposed).toBe(true);
      expect(kept.toArray()).toEqual([2, 2]);
    }
    expect(kept.disposed).toBe(false);
    kept.dispose();
  });

  it("return what tidy's body returns", () => {
    const [a, b] = torch.tidy(() => {
      const x = torch.ones([3]);
      return [x.add(1), x.add(2)] as const;
    });
    expect([a.toArray(), b.toArray()]).toEqual([
      [2, 2, 2],
      [3, 3, 3],
    ]);
    a.dispose();
    b.dispose();
  });

  it("refuse to end out of order", () => {
    const outer = torch.scope();
    const inner = torch.scope();
    expect(() => outer.end()).toThrow(/synchronous/);
    inner.end();
  });
});

describe("a training loop", () => {
  it("holds as many tensors and bytes after 200 steps as after the first", () => {
    const w = torch.randn([8, 1, 3, 3, 3]).requiresGrad_();
    const head = torch.randn([1, 8]).requiresGrad_();
    const step = () => {
      using scope = torch.scope();
      const x = torch.toChannelsLast(torch.randn([2, 1, 10, 10, 10]));
      const y = torch.normActPool(torch.conv3d(x, w), {
        weight: null,
        bias: null,
        runningMean: null,
        runningVar: null,
        training: true,
        groups: 8,
        slope: 0,
        pool: true,
        momentum: 0.1,
        eps: 1e-5,
      });
      torch
        .linear(y.mean([2, 3, 4]), head)
        .sum()
        .backward();
      torch.noGrad(() => {
        for (const p of [w, head]) {
          if (p.grad !== null) p.sub_(p.grad, { alpha: 0.01 });
          p.grad = null;
        }
      });
      scope.end();
    };
    step();
    const after = torch.memory.live();
    for (let i = 0; i < 200; i++) step();
    expect(torch.memory.live()).toEqual(after);
    w.dispose();
    head.dispose();
  });
});

describe("the allocator", () => {
  // under AddressSanitizer nothing is reused (test/memory)
  it.skipIf(process.env.CLINICADL_SANITIZED_ADDON)("keeps blocks for reuse and gives them back when asked", () => {
    torch.memory.emptyCache();
    torch.ones([1 << 20]).dispose();
    expect(torch.memory.stats().cachedBytes).toBeGreaterThanOrEqual(1 << 22);
    const { hits } = torch.memory.stats();
    torch.ones([1 << 20]).dispose();
    expect(torch.memory.stats().hits).toBeGreaterThan(hits);
    torch.memory.emptyCache();
    expect(torch.memory.stats().cachedBytes).toBe(0);
  });

  it("tells the most that was in use at once", () => {
    torch.memory.resetPeakMemoryStats();
    const { bytes } = torch.memory.live();
    expect(torch.memory.maxMemoryAllocated()).toBe(bytes);
    torch.zeros([1 << 20]).dispose();
    torch.zeros([1 << 10]).dispose();
    expect(torch.memory.maxMemoryAllocated()).toBe(bytes + (1 << 22));
    torch.memory.resetPeakMemoryStats();
    expect(torch.memory.maxMemoryAllocated()).toBe(bytes);
  });

  it("throws beyond its cap, and goes on below it", () => {
    torch.memory.emptyCache();
    const cap = torch.memory.live().bytes + 64 * 1048576;
    torch.memory.setCap(cap);
    try {
      expect(() => torch.zeros([64 * 1048576])).toThrow(/CPU out of memory: tried to allocate 256 MB.*smaller batch/);
      torch.zeros([1048576]).dispose();
    } finally {
      torch.memory.setCap(0);
    }
    torch.zeros([32 * 1048576]).dispose();
    torch.memory.emptyCache();
    expect(() => torch.memory.setCap(-1)).toThrow(/expected bytes/);
  });
});

describe("transfer", () => {
  const engine = new URL("./index.ts", import.meta.url).href;
  const worker = (body: string) =>
    new Worker(
      `const { parentPort } = require("node:worker_threads"); import(${JSON.stringify(engine)}).then((torch) => { ${body} });`,
      { eval: true },
    );

  it("moves a tensor from a worker without a copy", async () => {
    const w = worker("parentPort.postMessage(torch.transfer.release(torch.arange(6, { dtype: 'float32' })))");
    const id = await new Promise<number>((resolve, reject) => w.once("message", resolve).once("error", reject));
    using x = torch.transfer.adopt(id);
    expect(x.toArray()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(() => torch.transfer.adopt(id)).toThrow(/not in flight/);
    await w.terminate();
  });

  it("frees what a dead worker had sent", async () => {
    const w = worker(
      "const id = torch.transfer.release(torch.ones([4])); parentPort.postMessage([torch.transfer.owner(), id]); setInterval(() => {}, 1000)",
    );
    const [owner] = await new Promise<[number, number]>((resolve, reject) =>
      w.once("message", resolve).once("error", reject),
    );
    await w.terminate();
    expect(torch.transfer.inFlight()).toBe(1);
    expect(torch.transfer.dropFrom(owner)).toBe(1);
    expect(torch.transfer.inFlight()).toBe(0);
  });
});
