/** What the engine asks of a device: random streams, events, memory, copies, files, and choosing among several. */
import assert from "node:assert/strict";
import { join } from "node:path";
import * as torch from "../../../src/torch/index.ts";
import { randomStates } from "../../../src/utils/seed.ts";
import { assertNear, type Check } from "../check.ts";

const drawn = (device: string): number[] => {
  using _scope = torch.scope();
  return torch.rand([64], { device }).toNumbers();
};

export const engine: readonly Check[] = [
  {
    // the first thing that is asked: CUDA's part has to be there by then
    name: "a seed reaches the device before anything else has",
    run({ device }) {
      torch.manualSeed(11);
      const first = drawn(device);
      torch.manualSeed(11);
      assert.deepEqual(drawn(device), first);
      torch.manualSeed(12);
      assert.notDeepEqual(drawn(device), first);
    },
  },
  {
    name: "what there is",
    run({ device }) {
      if (device === "cpu") return { figure: `${torch.version()}, ${torch.processor().capability}` };
      assert.equal(torch.cuda.whyUnavailable(), "");
      return { figure: `${torch.version()}, ${torch.cuda.deviceCount()} × ${torch.cuda.getDeviceName()}` };
    },
  },
  {
    name: "the state of a random stream is taken and put back",
    run({ device }) {
      const states = randomStates();
      const first = drawn(device);
      for (const [name, state] of states) {
        torch.random.setState(state, name);
        state.dispose();
      }
      assert.deepEqual(drawn(device), first);
      assert.equal(states.size, device === "cpu" ? states.size : 1 + torch.cuda.deviceCount());
    },
  },
  {
    name: "a generator of one's own draws on the device",
    run({ device }) {
      using _scope = torch.scope();
      const numbers = () => {
        const generator = new torch.Generator(device).manualSeed(3);
        return torch.randn([16], { device, generator }).toNumbers();
      };
      assert.deepEqual(numbers(), numbers());
    },
  },
  {
    name: "dropout drops its share and scales the rest",
    run({ device }) {
      using _scope = torch.scope();
      torch.manualSeed(0);
      const y = torch.dropout(torch.ones([100_000], { device }), 0.25, true);
      const kept = y.ne(0).to({ dtype: "float64" }).mean().item();
      assert.ok(Math.abs(kept - 0.75) < 0.01, `${kept} are kept`);
      assert.ok(Math.abs(y.max().item() - 1 / 0.75) < 1e-6);
    },
  },
  {
    name: "events are timed",
    run({ device }) {
      using _scope = torch.scope();
      using begin = new torch.Event(device);
      using end = new torch.Event(device);
      const x = torch.rand([512, 512], { device });
      begin.record();
      for (let i = 0; i < 10; i++) x.matmul(x);
      end.record();
      end.synchronize();
      assert.ok(end.query());
      const ms = begin.elapsedTime(end);
      assert.ok(ms > 0);
      return { figure: `${ms.toFixed(2)} ms for ten products of 512 × 512` };
    },
  },
  {
    name: "memory is counted and given back",
    run({ device }) {
      const bytes = 64 << 20;
      if (device === "cuda") torch.cuda.emptyCache();
      torch.memory.resetPeakMemoryStats(device);
      const before = torch.memory.maxMemoryAllocated(device);
      {
        using x = torch.empty([bytes], { dtype: "uint8", device });
        x.fill_(1).dispose();
      }
      assert.ok(torch.memory.maxMemoryAllocated(device) - before >= bytes);
      if (device === "cpu") return;
      assert.ok(torch.cuda.memoryAllocated() < bytes);
      torch.cuda.emptyCache();
      assert.ok(torch.cuda.memoryReserved() < bytes);
    },
  },
  {
    name: "too large a tensor is an error, and computing goes on",
    run({ device }) {
      using _scope = torch.scope();
      assert.throws(() => torch.empty([2 ** 50], { dtype: "uint8", device }));
      assert.equal(torch.ones([4], { device }).sum().item(), 4);
    },
  },
  {
    name: "page-locked memory is copied without waiting",
    run({ device }) {
      using _scope = torch.scope();
      const x = torch.arange(1 << 20, { dtype: "float32" });
      if (device === "cpu") return { leftOut: "it is a GPU's" };
      const pinned = x.pinMemory();
      assert.ok(pinned.isPinned() && !x.isPinned());
      const there = pinned.to({ device, nonBlocking: true });
      assert.ok(torch.equal(there.to({ device: "cpu" }), x));
      return;
    },
  },
  {
    name: "a file keeps the device of its tensors, and can be read elsewhere",
    run({ device, folder }) {
      using _scope = torch.scope();
      const path = join(folder, "tensors.pt");
      const x = torch.arange(12, { dtype: "float32", device }).reshape([3, 4]);
      const view = x.select(1, 2);
      torch.save({ x, view, transposed: x.t() }, path);
      const back = torch.load(path) as Record<"x" | "view" | "transposed", torch.Tensor>;
      assert.ok(torch.equal(back.x.to({ device }), x) && torch.equal(back.view.to({ device }), view));
      assert.deepEqual(back.transposed.stride(), [1, 4]);
      assert.equal(x.storageBytes().length, 48);
      assert.deepEqual(view.storageBytes(), x.storageBytes());
    },
  },
  {
    name: "another GPU can be chosen",
    run({ device }) {
      if (device === "cpu") return { leftOut: "it is a GPU's" };
      assert.throws(() => torch.cuda.setDevice(torch.cuda.deviceCount()), RangeError);
      assert.equal(torch.cuda.currentDevice(), 0);
      if (torch.cuda.deviceCount() < 2) return { leftOut: "there is one GPU" };
      using _scope = torch.scope();
      torch.cuda.setDevice(1);
      try {
        assert.equal(torch.ones([1], { device: "cuda" }).device, "cuda:1");
      } finally {
        torch.cuda.setDevice(0);
      }
      return;
    },
  },
  {
    name: "channels-last convolutions have the numbers of contiguous ones",
    run({ device }) {
      using _scope = torch.scope();
      torch.manualSeed(5);
      using conv = new torch.nn.Conv3d(8, 8, 3, { padding: 1 });
      conv.to({ device });
      const x = torch.randn([2, 8, 12, 10, 8], { device });
      const plain = conv.call(x);
      conv.to({ memoryFormat: "channels_last_3d" });
      const last = conv.call(x.to({ memoryFormat: "channels_last_3d" }));
      assert.ok(last.isContiguous("channels_last_3d"));
      assertNear(last, plain, 1e-5, "output");
    },
  },
];
