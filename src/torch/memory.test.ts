import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import * as torch from "./index.ts";

expectNothingLeft();

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

  it.skipIf(process.env.CLINICADL_SANITIZED_ADDON)(
    "cuts what a large tensor left for small ones, and joins it again",
    () => {
      torch.memory.emptyCache();
      // numbers of one element wait beside the blocks that are meant
      const now = (): [number, number] => {
        const { misses, cachedBytes } = torch.memory.stats();
        return [misses, Math.floor(cachedBytes / 2 ** 20)];
      };
      torch.empty([1 << 22]).dispose();
      const [misses, cached] = now();
      expect(cached).toBe(16);
      const small = Array.from({ length: 4 }, (_, i) => torch.full([1 << 20], i, { dtype: "float32" }));
      expect(now()).toEqual([misses, 0]);
      // none has written over another
      for (const [i, tensor] of small.entries()) {
        using _ = torch.scope();
        expect([tensor.min().item(), tensor.max().item()]).toEqual([i, i]);
      }
      for (const i of [2, 0, 3, 1]) small[i]?.dispose();
      torch.empty([1 << 22]).dispose();
      expect(now()).toEqual([misses, 16]);
      // beyond what is there, the rest comes from the system
      torch.empty([1 << 23]).dispose();
      expect(now()).toEqual([misses + 1, 32]);
      torch.memory.emptyCache();
      expect(torch.memory.stats().cachedBytes).toBe(0);
    },
  );

  it.skipIf(process.env.CLINICADL_SANITIZED_ADDON)("holds what was written, whatever came and went around it", () => {
    torch.memory.emptyCache();
    // sizes and an order that repeat nothing, in three kinds of blocks
    let state = 1;
    const random = (n: number): number => {
      state = (state * 48271) % 2147483647;
      return state % n;
    };
    const held: { tensor: torch.Tensor; value: number }[] = [];
    for (let i = 0; i < 400; i++) {
      if (held.length > 12 || (held.length > 0 && random(3) === 0)) {
        const [gone] = held.splice(random(held.length), 1);
        if (gone === undefined) continue;
        const [least, most] = torch.tidy(() => gone.tensor.aminmax());
        expect([least?.item(), most?.item()]).toEqual([gone.value, gone.value]);
        least?.dispose();
        most?.dispose();
        gone.tensor.dispose();
        if (random(20) === 0) torch.memory.emptyCache();
      } else {
        const elements = [1 + random(1000), 1000 + random(200_000), 262_144 + random(2_000_000)][random(3)] ?? 1;
        held.push({ tensor: torch.full([elements], i), value: i });
      }
    }
    for (const { tensor } of held) tensor.dispose();
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
