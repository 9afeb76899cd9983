import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import * as torch from "./index.ts";

it("gives copies that nothing which happens to the original changes", () => {
  const live = torch.memory.live();
  {
    using _scope = torch.scope();
    using cache = new torch.SharedCache();
    const before = torch.SharedCache.bytes;
    const x = torch.arange(6).reshape([2, 3]).t();
    expect(cache.put("x", "transposed", [x, torch.tensor([1.5])])).toBe(true);
    expect(torch.SharedCache.bytes - before).toBe(6 * 8 + 4);
    x.zero_();
    const found = cache.get("x");
    expect(found?.description).toBe("transposed");
    expect(found?.tensors.map((tensor) => tensor.toArray())).toEqual([
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
      [1.5],
    ]);
    expect(cache.get("y")).toBeNull();
    // who came second does not replace what the first made
    expect(cache.put("x", "other", [torch.zeros([1])])).toBe(true);
    expect(cache.get("x")?.description).toBe("transposed");
    cache.close();
    expect(torch.SharedCache.bytes).toBe(before);
    expect(cache.get("x")).toBeNull();
    expect(cache.put("x", "late", [torch.zeros([1])])).toBe(false);
    // what was taken out outlives the cache
    expect(found?.tensors[1]?.toArray()).toEqual([1.5]);
  }
  expect(torch.memory.live()).toEqual(live);
});

it("keeps to its limit, over all caches", () => {
  using _scope = torch.scope();
  using a = new torch.SharedCache();
  using b = new torch.SharedCache();
  const limit = torch.SharedCache.bytes + 100;
  expect(a.put("first", "", [torch.zeros([20])], limit)).toBe(true);
  expect(b.put("second", "", [torch.zeros([6])], limit)).toBe(false);
  expect(b.put("third", "", [torch.zeros([5])], limit)).toBe(true);
  expect(b.get("second")).toBeNull();
});

it("holds empty tensors, and refuses what it cannot hold", () => {
  using _scope = torch.scope();
  using cache = new torch.SharedCache();
  cache.put("empty", "", [torch.zeros([0, 3])]);
  expect(cache.get("empty")?.tensors[0]?.shape).toEqual([0, 3]);
  expect(() => cache.put("sparse", "", [torch.eye(3).toSparse()])).toThrow(/dense/);
});

it("is read by another thread, by its id", async () => {
  using cache = new torch.SharedCache();
  const entry = new URL("./index.ts", import.meta.url).href;
  const code = `
    import { parentPort, workerData } from "node:worker_threads";
    const torch = await import(workerData.entry);
    const cache = torch.SharedCache.of(workerData.id);
    const [tensor] = cache.get("mine").tensors;
    cache.put("theirs", "made there", [tensor.add(1)]);
    tensor.dispose();
    parentPort.postMessage("done");
  `;
  {
    using _scope = torch.scope();
    cache.put("mine", "", [torch.tensor([1, 2])]);
  }
  const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
  const worker = new Worker(url, { workerData: { id: cache.id, entry } });
  await new Promise<void>((resolve, reject) => {
    worker.once("exit", () => resolve());
    worker.once("error", reject);
  });
  using _scope = torch.scope();
  const found = cache.get("theirs");
  expect(found?.description).toBe("made there");
  expect(found?.tensors[0]?.toArray()).toEqual([2, 3]);
});
