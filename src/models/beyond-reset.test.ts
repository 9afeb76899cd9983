import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { networkRegistry } from "../networks/index.ts";
import * as torch from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { resetWeights } from "./reset.ts";

interface Case {
  readonly config: JsonObject;
  /** Of the weights that the constructor gives. */
  readonly weights: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly sum: number; readonly abs: number }>
  >;
}
const golden = JSON.parse(readFileSync(new URL("../networks/golden/beyond.json", import.meta.url), "utf8")) as Record<
  string,
  Case
>;

it.each(Object.entries(golden))("a reset leaves nothing of a training: %s", (_, { config, weights }) => {
  const live = torch.memory.live().tensors;
  {
    using _scope = torch.scope();
    using network = networkRegistry.read("a golden file", "network", config).getObject();
    const parameters = [...network.namedParameters()];
    // no constructor draws or sets this
    torch.noGrad(() => {
      for (const [, parameter] of parameters) parameter.fill_(-7);
    });
    resetWeights(network);
    for (const [name, parameter] of parameters) {
      expect(parameter.eq(-7).sum().item(), name).toBe(0);
      const { shape, sum, abs } = weights[name]!;
      const count = shape.reduce((product, n) => product * n, 1);
      // what begins as zeros, ones, or another scale does so again
      const constant = sum / count;
      const isConstant = abs === 0 || (Math.abs(sum) === abs && [0, 0.25, 0.5, 1].includes(constant));
      if (isConstant) expect(parameter.ne(constant).sum().item(), name).toBe(0);
    }
  }
  expect(torch.memory.live().tensors).toBe(live);
});
