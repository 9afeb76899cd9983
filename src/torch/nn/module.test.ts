import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

class Net extends nn.Module {
  convIn = new nn.Conv1d(1, 2, 3);
  norm = new nn.BatchNorm1d(2);
  head = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
  override forward(x: Tensor): Tensor {
    using features = this.convIn.call(x);
    using normal = this.norm.call(features);
    using pooled = normal.mean([2]);
    return this.head.call(pooled);
  }
}

let before: { tensors: number };
beforeEach(() => {
  before = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before.tensors);
});

describe("Module", () => {
  it("finds children, parameters and buffers, under PyTorch's keys and in its order", () => {
    using net = new Net();
    expect([...net.stateDict().keys()]).toEqual([
      "conv_in.weight",
      "conv_in.bias",
      "norm.weight",
      "norm.bias",
      "norm.running_mean",
      "norm.running_var",
      "norm.num_batches_tracked",
      "head.0.weight",
      "head.0.bias",
    ]);
    expect([...net.namedModules()].map(([name]) => name)).toEqual(["", "conv_in", "norm", "head", "head.0", "head.1"]);
    expect([...net.parameters()].length).toBe(6);
    expect([...net.namedBuffers({ recurse: false })]).toEqual([]);
    expect(net.getSubmodule("head.0")).toBe(net.head.at(0));
    expect(() => net.getSubmodule("head.5")).toThrow(
      "'head.5' does not exist: Sequential has no child '5', only [0, 1]",
    );
    expect(net.stateDict().get("conv_in.weight")).toBe(net.convIn.weight);
  });

  it("prints as PyTorch does", () => {
    using net = new Net();
    expect(String(net)).toBe(`Net(
  (conv_in): Conv1d(1, 2, kernel_size=(3,), stride=(1,))
  (norm): BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (head): Sequential(
    (0): Linear(in_features=2, out_features=3, bias=True)
    (1): ReLU()
  )
)`);
    using norm = new nn.BatchNorm1d(2, { momentum: null, eps: 1e-12 });
    expect(String(norm)).toBe("BatchNorm1d(2, eps=1e-12, momentum=None, affine=True, track_running_stats=True)");
    using conv = new nn.Conv2d(1, 2, 3, { padding: 1, dilation: 2, bias: false, paddingMode: "reflect" });
    expect(String(conv)).toBe(
      "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), dilation=(2, 2), bias=False, padding_mode=reflect)",
    );
  });

  it("runs, differentiates, and leaves nothing behind", () => {
    using net = new Net();
    const live = torch.memory.live().tensors;
    {
      using x = torch.randn([4, 1, 6]);
      using y = net.call(x);
      using loss = y.sum();
      loss.backward();
    }
    expect(torch.memory.live().tensors).toBe(live);
    const gradient = (): number | null => {
      using g = net.convIn.weight.grad;
      if (g === null) return null;
      using size = g.abs().sum();
      return size.item();
    };
    using _ = torch.scope();
    expect(gradient()).not.toBeNull();
    net.zeroGrad({ setToNone: false });
    expect(gradient()).toBe(0);
    net.zeroGrad();
    expect(gradient()).toBeNull();
  });

  it("goes to training and evaluation mode, and freezes", () => {
    using net = new Net();
    net.eval();
    expect([...net.modules()].some((m) => m.training)).toBe(false);
    expect(net.train()).toBe(net);
    expect([...net.modules()].every((m) => m.training)).toBe(true);
    net.requiresGrad_(false);
    expect([...net.parameters()].some((p) => p.requiresGrad)).toBe(false);
  });

  it("moves in place: floating-point tensors change dtype, counters do not, formats go by dimension", () => {
    using conv = new nn.Conv3d(2, 2, 3);
    using net = new Net();
    const { weight } = net.convIn;
    net.to({ dtype: "float64" });
    expect(net.convIn.weight).toBe(weight);
    expect(weight.dtype).toBe("float64");
    expect(weight.requiresGrad).toBe(true);
    expect(net.norm.runningMean?.dtype).toBe("float64");
    expect(net.norm.numBatchesTracked?.dtype).toBe("int64");
    conv.to({ memoryFormat: "channels_last_3d" });
    expect(conv.weight.isContiguous("channels_last_3d")).toBe(true);
    expect(conv.weight.isContiguous()).toBe(false);
    expect(conv.weight.isLeaf).toBe(true);
  });

  it("applies a function to children before parents", () => {
    using net = new Net();
    const names: string[] = [];
    net.apply((m) => names.push(m.constructor.name));
    expect(names).toEqual(["Conv1d", "BatchNorm1d", "Linear", "ReLU", "Sequential", "Net"]);
  });

  it("draws parameters anew", () => {
    torch.manualSeed(3);
    using layer = new nn.Conv3d(2, 2, 3);
    const drawn = [...layer.weight.toTypedArray()];
    layer.resetParameters();
    expect([...layer.weight.toTypedArray()]).not.toEqual(drawn);
    torch.manualSeed(3);
    layer.resetParameters();
    expect([...layer.weight.toTypedArray()]).toEqual(drawn);
  });

  it("takes parameters and buffers of its own", () => {
    class Scale extends nn.Module {
      factor = new nn.Parameter(torch.ones([2]));
      declare lastMean: Tensor | null;
      declare scratch: Tensor | null;
      constructor() {
        super();
        this.registerBuffer("lastMean", torch.zeros([1]));
        this.registerBuffer("scratch", torch.zeros([1]), { persistent: false });
      }
    }
    using scale = new Scale();
    expect([...scale.stateDict().keys()]).toEqual(["factor", "last_mean"]);
    expect([...scale.namedBuffers()].map(([name]) => name)).toEqual(["last_mean", "scratch"]);
    expect(() => scale.registerBuffer("factor", null)).toThrow("attribute 'factor' already exists in Scale");
    using x = torch.ones([2]);
    expect(() => scale.call(x)).toThrow('Module [Scale] is missing the required "forward" function');
  });

  it("keeps parameters and buffers alive when the scope they were made in ends", () => {
    let norm: nn.BatchNorm1d;
    {
      using _ = torch.scope();
      norm = new nn.BatchNorm1d(2);
    }
    expect([...norm.stateDict().values()].some((t) => t.disposed)).toBe(false);
    norm.dispose();
  });

  it("refuses options that a layer does not have", () => {
    expect(() => new nn.Conv3d(1, 1, 3, { strides: 2 } as never)).toThrow(
      "Conv3d: unknown option 'strides'; known are stride, padding, dilation, groups, bias, paddingMode.",
    );
    expect(() => new nn.MaxPool2d([2, 2, 2])).toThrow("MaxPool2d: kernelSize needs one number or 2, got [2, 2, 2].");
    expect(() => new nn.Dropout(1.5)).toThrow("dropout probability has to be between 0 and 1, but got 1.5");
    expect(() => new nn.MSELoss({ reduction: "avg" as "mean" })).toThrow("'avg' is not a valid value for reduction");
  });
});

describe("loadStateDict", () => {
  it("copies", () => {
    using source = new Net();
    using target = new Net();
    expect(target.loadStateDict(source.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(target.convIn.weight.toArray()).toEqual(source.convIn.weight.toArray());
    expect(target.convIn.weight).not.toBe(source.convIn.weight);
  });

  it("reports what does not fit in PyTorch's words, and then changes nothing", () => {
    using _ = torch.scope();
    using net = new Net();
    using other = new Net();
    const state = new Map<string, unknown>(other.stateDict());
    state.delete("conv_in.bias");
    state.delete("norm.weight");
    state.set("extra", torch.zeros([1]));
    state.set("head.7.weight", torch.zeros([1]));
    state.set("head.0.foo", torch.zeros([1]));
    const weight = net.convIn.weight.toArray();
    const loose = net.loadStateDict(state, { strict: false });
    expect(loose.missingKeys).toEqual(["conv_in.bias", "norm.weight"]);
    expect(loose.unexpectedKeys).toEqual(["extra", "head.7.weight", "head.0.foo"]);
    expect(net.convIn.weight.toArray()).not.toEqual(weight);

    using fresh = new Net();
    const freshWeight = fresh.convIn.weight.toArray();
    state.set("head.0.weight", torch.zeros([3, 4]));
    state.set("head.0.bias", 3);
    expect(() => fresh.loadStateDict(state)).toThrow(
      'Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: "conv_in.bias", "norm.weight". \n\tUnexpected key(s) in state_dict: "extra", "head.7.weight", "head.0.foo". \n\tsize mismatch for head.0.weight: copying a param with shape torch.Size([3, 4]) from checkpoint, the shape in current model is torch.Size([3, 2]).\n\tWhile copying the parameter named "head.0.bias"',
    );
    expect(fresh.convIn.weight.toArray()).toEqual(freshWeight);
  });
});

describe("Dropout", () => {
  it("zeroes with probability p and scales the rest, the gradient alike; evaluation changes nothing", () => {
    using _ = torch.scope();
    torch.manualSeed(0);
    const layer = new nn.Dropout(0.4);
    expect(String(layer)).toBe("Dropout(p=0.4, inplace=False)");
    const x = torch.ones([2000]).requiresGrad_();
    const y = layer.call(x);
    const values = [...(y.toTypedArray() as Float32Array)];
    expect(new Set(values)).toEqual(new Set([0, Math.fround(1 / 0.6)]));
    const dropped = values.filter((v) => v === 0).length / values.length;
    expect(Math.abs(dropped - 0.4)).toBeLessThan(0.05);
    y.sum().backward();
    expect([...(x.grad!.toTypedArray() as Float32Array)]).toEqual(values);
    expect(layer.eval().call(x)).toBe(x);
    expect(new nn.Dropout(0).call(x)).toBe(x);
    const z = torch.ones([5]);
    expect(new nn.Dropout(1, { inplace: true }).call(z)).toBe(z);
    expect(z.toArray()).toEqual([0, 0, 0, 0, 0]);
  });
});
