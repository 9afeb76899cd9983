import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../fixtures/nothing-left.ts";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

expectNothingLeft();

describe("hooks", () => {
  it("run around forward, until they are removed", () => {
    using _ = torch.scope();
    using net = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU());
    const seen: string[] = [];
    const kept: Tensor[] = [];
    const handles = [
      net.registerForwardPreHook((m, inputs) => {
        seen.push(`before ${m.constructor.name} ${inputs.length}`);
        return undefined;
      }),
      net.registerForwardHook((_m, _inputs, output) => {
        const doubled = (output as Tensor).mul(2);
        (output as Tensor).dispose();
        return doubled;
      }),
      [...net.children()][0]!.registerForwardHook((_m, _inputs, output) => {
        kept.push((output as Tensor).keep());
        return undefined;
      }),
    ];
    const x = torch.ones([1, 2]);
    const y = net.call(x);
    expect(seen).toEqual(["before Sequential 1"]);
    expect(kept[0]?.disposed).toBe(false);
    expect(y.toArray()).toEqual(kept[0]!.relu().mul(2).toArray());
    for (const handle of handles) handle.remove();
    net.call(x);
    expect(seen.length).toBe(1);
    expect(kept.length).toBe(1);
    kept[0]?.dispose();
  });
});
