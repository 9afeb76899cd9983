/** Memory that libtorch and JavaScript, or two threads, both reach. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "./index.ts";

let before = 0;
beforeEach(() => {
  before = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before);
  expect(torch.transfer.inFlight()).toBe(0);
});

const engine = new URL("./index.ts", import.meta.url).href;
const inWorker = (body: string) =>
  new Worker(
    `const { parentPort } = require("node:worker_threads"); import(${JSON.stringify(engine)}).then((torch) => { ${body} });`,
    { eval: true },
  );
/** What the worker posts first, once it has ended. */
async function answerOf(body: string): Promise<unknown> {
  const worker = inWorker(body);
  let answer: unknown;
  worker.once("message", (message) => {
    answer = message;
  });
  await new Promise((resolve, reject) => worker.once("exit", resolve).once("error", reject));
  return answer;
}
/** Takes memory of the same size as what was freed, so that a view of freed memory would show. */
const overwrite = () => Array.from({ length: 4 }, () => torch.full([1 << 20], 3, { dtype: "float32" }));

describe("a view of a tensor's memory", () => {
  it("shows that memory, whatever the tensor takes next", () => {
    using _ = torch.scope();
    const t = torch.full([1 << 20], 7, { dtype: "float32" });
    const view = t.view_();
    t.setData(torch.zeros([4]));
    torch.memory.emptyCache();
    overwrite();
    expect([view[0], view[1000], view.length]).toEqual([7, 7, 1 << 20]);
  });

  it("keeps it from being resized, as in PyTorch", () => {
    using _ = torch.scope();
    const t = torch.full([1 << 20], 7, { dtype: "float32" });
    const view = t.view_();
    expect(() => t.resize_([1 << 22])).toThrow("resize storage that is not resizable");
    expect(view[5]).toBe(7);
  });

  it("outlives a module's change of dtype", () => {
    using _ = torch.scope();
    using layer = new torch.nn.Linear(1024, 1024);
    const view = layer.weight.view_();
    const first = view[5];
    layer.to({ dtype: "float64" });
    overwrite();
    expect(view[5]).toBe(first);
  });

  it("of nothing is empty, and of a lazy conjugate is refused", () => {
    using _ = torch.scope();
    expect(torch.ones([0]).view_()).toHaveLength(0);
    const c = torch.complex(torch.tensor([1, 3]), torch.tensor([2, -4]));
    expect(() => c.conj().view_()).toThrow("resolveConj()");
  });
});

describe("a lazy conjugate", () => {
  it("is resolved in every copy", () => {
    using _ = torch.scope();
    const c = torch.complex(torch.tensor([1, 3]), torch.tensor([2, -4]));
    const target = new Float32Array(4);
    c.conj().copyInto(target);
    expect([...target]).toEqual([1, -2, 3, 4]);
    expect([...c.conj().toTypedArray()]).toEqual([1, -2, 3, 4]);
    const imaginary = new Float32Array(2);
    c.conj().imag().copyInto(imaginary);
    expect([...imaginary]).toEqual([-2, 4]);
  });
  it("is never half of its numbers", () => {
    using _ = torch.scope();
    const c = torch.complex(torch.tensor([1, 3]), torch.tensor([2, -4]));
    expect(() => c.toArray()).toThrow("toArray: the elements are complex; use toTypedArray(), or real() and imag().");
    expect(() => c.toNumbers()).toThrow("toNumbers: the elements are complex");
    expect(c.conj().imag().toArray()).toEqual([-2, 4]);
  });
});

describe("a tensor over an array's memory", () => {
  it("sees its writes, and keeps it from being transferred or resized", () => {
    const array = new Float32Array(4).fill(7);
    using t = torch.fromTypedArray(array, [4], { share: true });
    array[0] = 1;
    expect(t.toNumbers()).toEqual([1, 7, 7, 7]);
    expect(() => structuredClone(array.buffer, { transfer: [array.buffer] })).toThrow();
    expect(() => array.buffer.transfer()).toThrow("shared with a tensor");
    expect(() => array.buffer.transferToFixedLength()).toThrow("shared with a tensor");
    expect(t.toNumbers()).toEqual([1, 7, 7, 7]);
    const resizable = new Float32Array(new ArrayBuffer(16, { maxByteLength: 32 }));
    expect(() => torch.fromTypedArray(resizable, [4], { share: true })).toThrow("resizable");
    const growable = new Float32Array(new SharedArrayBuffer(16, { maxByteLength: 32 }));
    expect(() => torch.fromTypedArray(growable, [4], { share: true })).toThrow("growable");
  });

  it("keeps its numbers when its worker has ended", async () => {
    const id = await answerOf(
      "const a = new Float32Array(1 << 20).fill(7); parentPort.postMessage(torch.transfer.release(torch.fromTypedArray(a, [1 << 20], { share: true })));",
    );
    using t = torch.transfer.adopt(id as number);
    // another worker's heap comes to lie where the first one's was
    await answerOf("globalThis.kept = Array.from({ length: 8 }, () => new Float32Array(1 << 20).fill(3));");
    using sum = t.sum();
    expect(sum.item()).toBe(7 * 2 ** 20);
  });
});

describe("a gradient hook", () => {
  it("keeps its tensor on its thread", () => {
    using t = torch.ones([2]).requiresGrad_();
    const hook = t.registerHook((g) => g.mul(2));
    expect(() => torch.transfer.release(t)).toThrow("a tensor with a gradient hook stays on its thread");
    hook.remove();
    using back = torch.transfer.adopt(torch.transfer.release(t));
    expect(back.toNumbers()).toEqual([1, 1]);
  });

  it("of a graph that came from a thread that has ended is an error", async () => {
    const id = await answerOf(
      "const t = torch.ones([2]).requiresGrad_(); const y = t.mul(2); t.registerHook((g) => g); parentPort.postMessage(torch.transfer.release(y));",
    );
    using y = torch.transfer.adopt(id as number);
    using total = y.sum();
    expect(() => total.backward()).toThrow("whose thread has ended");
  });

  it("is removed after its tensor was disposed, too", () => {
    using _ = torch.scope();
    const x = torch.ones([2]).requiresGrad_();
    const alias = x.alias();
    const hook = x.registerHook((g) => g.mul(5));
    x.dispose();
    hook.remove();
    hook.remove();
    alias.sum().backward();
    expect(alias.grad?.toNumbers()).toEqual([1, 1]);
  });

  it.each([
    [
      "text",
      () => {
        throw "text";
      },
      "A gradient hook threw 'text'",
    ],
    [
      "null",
      () => {
        throw null;
      },
      "A gradient hook threw null",
    ],
    [
      "an Error",
      () => {
        throw new RangeError("mine");
      },
      "mine",
    ],
    ["a return of 5", () => 5 as never, "A gradient hook returned 5. Expected a Tensor"],
  ] as const)("that ends with %s says so", (_name, body, message) => {
    using _ = torch.scope();
    const x = torch.ones([1]).requiresGrad_();
    x.registerHook(body);
    expect(() => x.sum().backward()).toThrow(message);
  });
});

describe("the end of the process", () => {
  it("while workers are in native code is an end like any other", () => {
    const script = `
      import { Worker } from "node:worker_threads";
      import ${JSON.stringify(engine)};
      let ready = 0;
      const body = 'const { parentPort } = require("node:worker_threads"); import(${JSON.stringify(engine)}).then((torch) => { parentPort.postMessage(1); const t = torch.ones([1000]); for (;;) { t.toTypedArray(); t.add(1).dispose(); } });';
      for (let i = 0; i < 3; i++)
        new Worker(body, { eval: true, execArgv: [] }).on("message", () => { if (++ready === 3) setTimeout(() => process.exit(7), 10); });
    `;
    for (let round = 0; round < 3; round++) {
      const { status, signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script]);
      expect({ status, signal, stderr: String(stderr) }).toEqual({ status: 7, signal: null, stderr: "" });
    }
  });
});

describe("tensors that nobody disposes", () => {
  it("in a worker are known to its garbage collector", async () => {
    const peak = await answerOf(`
      const loop = async () => {
        let peak = 0;
        for (let i = 0; i < 300; i++) {
          torch.zeros([1 << 20]);
          await new Promise((resolve) => setImmediate(resolve));
          peak = Math.max(peak, torch.memory.live().bytes);
        }
        parentPort.postMessage(peak);
      };
      loop();`);
    // 300 tensors of 4 MiB; without a collection all of them would be there at the end
    expect(peak).toBeLessThan(200 * 4 * 2 ** 20);
  });
});

describe("JavaScript's own buffers", () => {
  it("go back to the system when they are collected, as without libtorch", () => {
    const script = `
      await import(${JSON.stringify(engine)});
      const megabytes = () => process.memoryUsage().rss / 2 ** 20;
      const before = megabytes();
      let held = Array.from({ length: 6 }, () => Buffer.alloc(50 * 2 ** 20, 1));
      // what is allocated after them lies above them, and would keep a heap that can only shrink from its end
      const after = Array.from({ length: 20 }, () => Buffer.alloc(2 ** 17, 1));
      const peak = megabytes() - before;
      held = null;
      for (let i = 0; i < 4; i++) { gc(); await new Promise((resolve) => setImmediate(resolve)); }
      console.log(JSON.stringify({ peak, left: megabytes() - before, kept: after.length }));
    `;
    const { stdout } = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", script]);
    const { peak, left } = JSON.parse(String(stdout)) as { peak: number; left: number };
    expect(peak).toBeGreaterThan(280);
    expect(left).toBeLessThan(150);
  });
});
