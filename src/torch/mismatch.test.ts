import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import * as torch from "./index.ts";

expectNothingLeft();

const untyped = (value: unknown): never => value as never;

describe("habits of PyTorch's users", () => {
  it("numbers and tensors one by one, where a list is wanted: what to write is said", () => {
    using _ = torch.scope();
    const x = torch.ones([2, 3]);
    expect(() => torch.randn(...([2, 3] as unknown as [never]))).toThrow(
      "got (2, 3), where a list is wanted. Write torch.randn([2, 3]).",
    );
    expect(() => torch.zeros(untyped(4), { dtype: "int64" })).toThrow("Write torch.zeros([4]).");
    expect(() => x.view(...([3, 2] as unknown as [never]))).toThrow("Write x.view([3, 2]).");
    expect(() => x.permute(...([1, 0] as unknown as [never]))).toThrow("Write x.permute([1, 0]).");
    expect(() => torch.cat(...([x, x.mul(2), 1] as unknown as [never]))).toThrow("Write torch.cat([x, y], 1).");
    // what a list would not mend is not said to be mended by one
    expect(() => torch.randn(untyped("a"))).toThrow("no overload takes ('a')");
  });

  it("a device, a dtype or a tensor where options are wanted", () => {
    using _ = torch.scope();
    const x = torch.ones([1]);
    expect(() => x.to(untyped("cuda"))).toThrow(
      "to: got 'cuda', where options are wanted. Write to({ device: \"cuda\" }).",
    );
    expect(() => x.to(untyped("float64"))).toThrow('Write to({ dtype: "float64" }).');
    expect(() => x.to(untyped(x))).toThrow("Write to({ dtype: other.dtype, device: other.device }).");
    expect(() => x.to({ device: "cpu", ...{ type: "int8" } })).toThrow(
      "to: unknown option 'type'; known are dtype, device",
    );
    using layer = new torch.nn.Linear(1, 1);
    expect(() => layer.to(untyped("cuda"))).toThrow(
      "Linear.to: got 'cuda', where options are wanted. Write to({ device: \"cuda\" }).",
    );
    expect(() => layer.to({ dtpe: "float64" } as object)).toThrow("Linear.to: unknown option 'dtpe'");
    expect(() => torch.tensor([1], untyped("int64"))).toThrow("torch.tensor: got 'int64' by position");
  });
});
