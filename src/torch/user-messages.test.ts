import { describe, expect, it } from "vitest";
import * as torch from "./index.ts";

describe("messages in the user's terms, before libtorch's", () => {
  it("name the layer and both sizes, for an input that does not fit a linear layer", () => {
    using _ = torch.scope();
    using layer = new torch.nn.Linear(4, 2);
    expect(() => layer.call(torch.ones([2, 3]))).toThrow(/^Linear: .*\[2, 3\].*inFeatures, 4/);
    expect(() => layer.call(torch.ones([]))).toThrow(/^Linear: /);
    expect(layer.call(torch.ones([4])).shape).toEqual([2]);
  });

  it("say which words there are, for one that is misspelt", () => {
    using _ = torch.scope();
    const live = torch.memory.live().tensors;
    using net = new torch.nn.Conv3d(1, 1, 1);
    const x = torch.ones([1, 1, 2, 2, 2]);
    const wrong = <T>(word: string): T => word as T;
    const format =
      /: 'memoryFormat' got 'chanels_last_3d'\. Expected one of contiguous, .*channels_last_3d, preserve\./;
    expect(() => x.to({ memoryFormat: wrong("chanels_last_3d") })).toThrow(format);
    expect(() => net.to({ memoryFormat: wrong("chanels_last_3d") })).toThrow(format);
    expect(() => x.contiguous({ memoryFormat: wrong("chanels_last_3d") })).toThrow(format);
    expect(() => torch.empty([2], { memoryFormat: wrong("chanels_last_3d") })).toThrow(format);
    expect(() => x.isContiguous(wrong("chanels"))).toThrow(/^isContiguous: 'format' got 'chanels'/);

    const dtype = /: 'dtype' got 'flot32'\. Expected one of float32, float64, /;
    expect(() => torch.zeros([2], { dtype: wrong("flot32") })).toThrow(dtype);
    expect(() => torch.zeros([2], { dtype: wrong("flot32") })).toThrow(/^torch\.zeros: /);
    expect(() => torch.tensor([2], { dtype: wrong("flot32") })).toThrow(dtype);
    expect(() => torch.fromTypedArray(Float32Array.of(1), [1], { dtype: wrong("flot32") })).toThrow(dtype);
    expect(() => torch.fromBytes(new Uint8Array(4), wrong("flot32"), [1])).toThrow(dtype);
    expect(() => torch.sum(x, { dtype: wrong("flot32") })).toThrow(dtype);
    expect(() => x.view(wrong<"float32">("flot32"))).toThrow(dtype);
    expect(() => x.to({ dtype: wrong("flot32") })).toThrow(dtype);
    expect(() => torch.ops("aten::zeros", [2], "flot32")).toThrow(dtype);
    expect(() => torch.amp.autocast("cpu", { dtype: wrong("flot32") })).toThrow(dtype);

    const layout = /^torch\.zeros: 'layout' got 'stridedd'\. Expected one of strided, sparse_coo\./;
    expect(() => torch.zeros([2], { layout: wrong("stridedd") })).toThrow(layout);

    const device = /: 'device' got '(gpu|mps|cuda:x)'\. Expected cpu, cuda, or one of several GPUs: cuda:0\./;
    for (const name of ["gpu", "mps", "cuda:x"]) {
      expect(() => torch.zeros([2], { device: name })).toThrow(device);
      expect(() => torch.tensor([2], { device: name })).toThrow(device);
      expect(() => x.to({ device: name })).toThrow(device);
      expect(() => net.to({ device: name })).toThrow(device);
      expect(() => new torch.Generator(name)).toThrow(device);
    }
    expect(() => torch.amp.autocast("gpu")).toThrow(/'device' got 'gpu'\. Expected one of cpu, cuda\./);

    expect(() => torch.pad(x, [1, 1], wrong("reflct"))).toThrow(/'mode' got 'reflct'\. Expected one of constant, /);
    expect(() => new torch.nn.MSELoss({ reduction: wrong("avg") })).toThrow(
      /^MSELoss: 'avg' is not .*none, mean or sum/,
    );
    const { kaimingUniform_ } = torch.nn.init;
    expect(() => kaimingUniform_(x, { mode: wrong("fan_inn") })).toThrow(/'mode' got 'fan_inn'/);
    expect(() => kaimingUniform_(x, { nonlinearity: wrong("rellu") })).toThrow(/'nonlinearity' got 'rellu'/);
    // nothing was made before it was refused: the layer's two parameters and x
    expect(torch.memory.live().tensors).toBe(live + 3);
  });

  it.skipIf(torch.cuda.isAvailable())("say why there is no GPU, and what to write", () => {
    using _ = torch.scope();
    using layer = new torch.nn.Linear(4, 2);
    const message = /device 'cuda.*' cannot be used: .*torch\.cuda\.isAvailable\(\)/;
    expect(() => torch.ones([1]).to({ device: "cuda" })).toThrow(message);
    expect(() => torch.ones([1]).cuda()).toThrow(message);
    expect(() => layer.to({ device: "cuda:0" })).toThrow(message);
    expect(() => torch.zeros([2], { device: "cuda" })).toThrow(message);
    expect(() => torch.onesLike(torch.ones([1]), { device: "cuda" })).toThrow(message);
    expect(() => torch.tensor([2], { device: "cuda" })).toThrow(/^torch\.tensor: device 'cuda' cannot be used/);
    expect(() => new torch.Generator("cuda")).toThrow(message);
  });
});
