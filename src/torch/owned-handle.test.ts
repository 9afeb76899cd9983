import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import * as torch from "./index.ts";

expectNothingLeft();

describe("a tensor's handle", () => {
  it("cannot be used after disposal, and the error names the operator", () => {
    const x = torch.ones([2]);
    x.dispose();
    x.dispose();
    expect(() => x.add(1)).toThrow(torch.DisposedTensorError);
    expect(() => x.shape).toThrow(/^shape: a tensor was used after/);
  });

  it("is kept by keep() beyond the scope in which it was made, until it is disposed", () => {
    let x: torch.Tensor;
    {
      using _ = torch.scope();
      x = torch.ones([2]).keep();
    }
    expect([x.kept, x.scope, x.disposed]).toEqual([true, null, false]);
    x.dispose();
    expect(x.disposed).toBe(true);
  });

  it("is surrendered once, and belongs to whoever took it", () => {
    const x = torch.ones([2]);
    using y = new torch.Tensor(x.surrender("mine", (handle) => handle));
    expect(x.disposed).toBe(true);
    expect(y.toArray()).toEqual([1, 1]);
    expect(() => x.surrender("mine", (handle) => handle)).toThrow(/^mine: a tensor was used after/);
  });

  it("stays where it was when whoever was to take it fails", () => {
    using x = torch.ones([2]);
    const fails = () => {
      throw new Error("full");
    };
    expect(() => x.surrender("mine", fails)).toThrow("full");
    expect(x.toArray()).toEqual([1, 1]);
  });
});
