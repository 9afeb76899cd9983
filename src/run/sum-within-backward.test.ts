import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MSELossConfig } from "../losses/index.ts";
import { type Losses, type Scaler, SupervisedModel } from "../models/index.ts";
import { SGDConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { ranks } from "./fixtures/ranks.ts";
import { SumAfterBackward } from "./sum-after-backward.ts";
import { SumWithinBackward } from "./sum-within-backward.ts";

let dir = "";
const before = process.env.GLOO_SOCKET_IFNAME;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "alone-"));
  // the loopback is there whatever the name of this host resolves to
  process.env.GLOO_SOCKET_IFNAME = "lo";
  const initMethod = pathToFileURL(join(dir, "meeting")).href;
  await torch.distributed.initProcessGroup({ initMethod, rank: 0, worldSize: 1 });
});
afterAll(async () => {
  await torch.distributed.destroyProcessGroup();
  if (before === undefined) delete process.env.GLOO_SOCKET_IFNAME;
  else process.env.GLOO_SOCKET_IFNAME = before;
  rmSync(dir, { recursive: true, force: true });
});

/** Two layers, and one that is not used. */
class Net extends torch.nn.Module {
  first = new torch.nn.Linear(3, 4);
  second = new torch.nn.Linear(4, 1);
  unused = new torch.nn.Linear(1, 1);
  override forward(x: torch.Tensor): torch.Tensor {
    return torch.tidy(() => this.second.call(this.first.call(x)));
  }
}
class Own extends SupervisedModel {
  override backwardStep(loss: Losses, gradScaler: Scaler): void {
    super.backwardStep(loss, gradScaler);
  }
}
const options = () => ({ loss: new MSELossConfig(), optimizer: new SGDConfig({ lr: 0.1 }) });

function lossOf(network: Net): torch.Tensor {
  return torch.tidy(() => {
    torch.manualSeed(5);
    return network
      .call(torch.randn([6, 3]))
      .pow(2)
      .mean();
  });
}
function gradients(network: Net): number[][] {
  return [...network.parameters()].map((parameter) => {
    using grad = parameter.grad;
    return grad === null ? [] : [...grad.toTypedArray()].map(Number);
  });
}

describe("a sum within the backward pass", () => {
  function group(): torch.distributed.ProcessGroup {
    const found = torch.distributed.processGroup();
    if (found === null) throw new Error("there is a group");
    return found;
  }

  it("gives the gradients, none to what is unused, and follows what learns", async () => {
    const live = torch.memory.live().tensors;
    {
      torch.manualSeed(1);
      using network = new Net();
      using model = new SupervisedModel({ ...options(), network });
      using wanted = lossOf(network);
      wanted.backward();
      const expected = gradients(network);
      using sum = new SumWithinBackward(group(), model, null);
      for (const frozen of [false, true, false]) {
        network.first.requiresGrad_(!frozen);
        network.zeroGrad();
        using loss = lossOf(network);
        sum.prepare(loss);
        loss.backward();
        await sum.finish();
        const [weight, bias, ...rest] = expected;
        expect(gradients(network)).toEqual([...(frozen ? [[], []] : [weight, bias]), ...rest]);
        expect(expected.slice(-2)).toEqual([[], []]);
      }
    }
    expect(torch.memory.live().tensors).toBe(live);
  });

  it("leaves an error that has nothing to do with the others as it is", async () => {
    using network = new Net();
    using model = new SupervisedModel({ ...options(), network });
    using sum = new SumWithinBackward(group(), model, null);
    const error = new RangeError("no such label");
    expect(await sum.explain(error)).toBe(error);
    using loss = lossOf(network);
    sum.prepare(loss);
    expect(await sum.explain(error)).toBe(error);
  });

  it("suits models with one backward pass for a batch", () => {
    using plain = new SupervisedModel({ ...options(), network: new Net() });
    using own = new Own({ ...options(), network: new Net() });
    expect([SumWithinBackward.suits(plain), SumWithinBackward.suits(own)]).toEqual([true, false]);
  });
});

describe("a sum after the backward pass", () => {
  it.each([
    [null, 0],
    ["bfloat16", 2 ** -7],
  ] as const)("has the gradients of all, sent as %s", async (compression, bound) => {
    const live = torch.memory.live().tensors;
    const all = await Promise.all(
      ranks(2).map(async (world) => {
        torch.manualSeed(1);
        using network = new Net();
        using model = new SupervisedModel({ ...options(), network });
        using sum = new SumAfterBackward(world, model, compression);
        using loss = lossOf(network);
        sum.prepare();
        loss.backward();
        const before = gradients(network);
        await sum.finish();
        return { before, after: gradients(network) };
      }),
    );
    for (const { before, after } of all) {
      for (const [i, row] of after.entries()) {
        for (const [k, value] of row.entries()) {
          const twice = 2 * (before[i]?.[k] ?? Number.NaN);
          expect(Math.abs(value - twice)).toBeLessThanOrEqual(bound * Math.abs(twice));
        }
      }
      expect(after.map(({ length }) => length)).toEqual([12, 4, 4, 1, 0, 0]);
    }
    expect(torch.memory.live().tensors).toBe(live);
  });
});
