import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../fixtures/nothing-left.ts";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

expectNothingLeft();

describe("modules in a plain list", () => {
  it("are refused at the first use, with what to write", () => {
    using layer = new nn.Linear(1, 1);
    class Listed extends nn.Module {
      layers = [layer];
      override forward(x: Tensor): Tensor {
        return x;
      }
    }
    const listed = new Listed();
    using x = torch.ones([1, 1]);
    const message =
      "Listed: 'layers' is a plain Array of modules, which would be neither trained nor saved. Write new nn.ModuleList([…]) in its place, or make it private (#layers)";
    expect(() => [...listed.parameters()]).toThrow(message);
    expect(() => listed.call(x)).toThrow(message);
    expect(() => listed.stateDict()).toThrow(message);
    expect(() => listed.to({ dtype: "float64" })).toThrow(message);
    class Mapped extends nn.Module {
      weights = new Map([["a", layer.weight]]);
    }
    expect(() => [...new Mapped().parameters()]).toThrow("'weights' is a plain Map of parameters");
  });

  it("are not refused where they are private, or numbers", () => {
    using layer = new nn.Linear(1, 1);
    class Fine extends nn.Module {
      readonly sizes = [1, 2];
      readonly #order = [layer];
      override forward(x: Tensor): Tensor {
        return this.#order.reduce((y, each) => each.call(y), x);
      }
    }
    using x = torch.ones([1, 1]);
    using y = new Fine().call(x);
    expect(y.shape).toEqual([1, 1]);
  });
});
