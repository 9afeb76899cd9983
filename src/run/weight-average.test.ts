import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { WeightAverage } from "./weight-average.ts";

type Numbers = Readonly<Record<string, readonly number[]>>;

/** What PyTorch's AveragedModel gives: test/golden/weight_average_golden.py. */
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../callbacks/golden/weight-averages.json"), "utf8"),
) as {
  readonly modules: readonly Numbers[];
  readonly ema: Readonly<Record<string, readonly Numbers[]>>;
  readonly swa: readonly Numbers[];
};

let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => expect(torch.memory.live().tensors).toBe(live));

const network = () =>
  new torch.nn.Sequential(new torch.nn.Linear(3, 2), new torch.nn.BatchNorm1d(2), new torch.nn.Linear(2, 1));

function set(model: torch.nn.AnyModule, values: Numbers): void {
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  for (const [name, tensor] of model.stateDict()) {
    tensor.copy_(torch.tensor([...(values[name] ?? [])]).reshape([...tensor.shape]));
  }
}
function numbers(model: torch.nn.AnyModule): Record<string, number[]> {
  using _scope = torch.scope();
  return Object.fromEntries(
    [...model.stateDict()].map(([name, tensor]) => [name, Array.from(tensor.contiguous().toTypedArray(), Number)]),
  );
}
/** Those of each moment. */
function averagesOf(add: (average: WeightAverage, model: torch.nn.AnyModule) => void): Record<string, number[]>[] {
  using model = network();
  using average = new WeightAverage();
  return golden.modules.map((values) => {
    set(model, values);
    add(average, model);
    using _exchanged = average.exchange(model);
    return numbers(model);
  });
}
/** PyTorch also averages whole numbers, cutting off what is behind the point. */
function expectSame(given: readonly Numbers[], expected: readonly Numbers[]): void {
  for (const [i, values] of expected.entries()) {
    for (const [name, value] of Object.entries(values)) {
      const same = name.endsWith("num_batches_tracked") ? [i + 1] : value.map(Math.fround);
      const got = given[i]?.[name] ?? [];
      expect(got, `${name} of moment ${i}`).toHaveLength(same.length);
      // instruction sets round a product and a sum together or apart: half a unit in the last place of float32 for each average
      const bound = 2 ** -24 * (i + 2) * Math.max(1, ...same.map(Math.abs));
      for (const [k, one] of same.entries()) {
        expect(Math.abs((got[k] ?? Number.NaN) - one), `${name} of moment ${i}`).toBeLessThanOrEqual(bound);
      }
    }
  }
}

describe("WeightAverage", () => {
  it.each(Object.keys(golden.ema))("gives PyTorch's exponential average with decay %s", (decay) => {
    expectSame(
      averagesOf((average, model) => average.addDecaying(model, Number(decay))),
      golden.ema[decay] ?? [],
    );
  });

  it("gives PyTorch's equal average", () => {
    expectSame(
      averagesOf((average, model) => average.addEqually(model)),
      golden.swa,
    );
  });

  it("averages weights that two layers share once", () => {
    class Tied extends torch.nn.Module<[torch.Tensor], torch.Tensor> {
      a = new torch.nn.Linear(1, 1, { bias: false });
      b = this.a;
      override forward(x: torch.Tensor): torch.Tensor {
        return this.b.call(this.a.call(x));
      }
    }
    using model = new Tied();
    using average = new WeightAverage();
    const [weight] = model.parameters();
    using _grad = torch.noGrad();
    weight?.fill_(1);
    average.addDecaying(model, 0.5);
    weight?.fill_(3);
    average.addDecaying(model, 0.5);
    {
      using _exchanged = average.exchange(model);
      expect(weight?.item()).toBe(2);
    }
    expect(weight?.item()).toBe(3);
  });

  it("goes through a checkpoint, and refuses that of another model", () => {
    using model = network();
    using average = new WeightAverage();
    for (const values of golden.modules) {
      set(model, values);
      average.addDecaying(model, 0.5);
    }
    const bytes = torch.save(average.stateDict());
    using other = new WeightAverage();
    using wrong = new torch.nn.Sequential(new torch.nn.Linear(4, 2));
    {
      using _scope = torch.scope();
      const state = torch.load(bytes);
      other.loadStateDict(model, state);
      expect(() => average.loadStateDict(wrong, state)).toThrow(/no averaged '0\.weight' of the shape \(2, 4\)/);
    }
    expect(other.count).toBe(golden.modules.length);
    other.copyInto(model);
    expectSame(
      [numbers(model)],
      [golden.ema["0.5"]?.at(-1) ?? {}].map(({ "1.num_batches_tracked": _, ...rest }) => rest),
    );
  });
});
