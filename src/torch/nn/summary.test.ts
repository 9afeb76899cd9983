import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import { nn, type Tensor } from "../index.ts";

const golden = JSON.parse(readFileSync(new URL("./golden/summary.json", import.meta.url), "utf8")) as Record<
  string,
  Record<string, string>
>;

/** The networks of test/golden/summary_golden.py. */
class Block extends nn.Module {
  scale: nn.Parameter;
  conv1: nn.Conv3d;
  act = new nn.ReLU();
  conv2: nn.Conv3d;
  all: nn.Sequential;
  constructor(channels: number) {
    super();
    this.scale = new nn.Parameter(torch.ones([channels, 1, 1, 1]));
    this.conv1 = new nn.Conv3d(channels, channels, 3, { padding: 1 });
    this.conv2 = new nn.Conv3d(channels, channels, 1, { bias: false });
    this.all = new nn.Sequential(this.conv1, this.act, this.conv2, this.act);
    this.conv2.weight.requiresGrad = false;
  }
  override forward(x: Tensor): Tensor {
    return this.scale.mul(this.all.call(x)).add(x);
  }
}

class Several extends nn.Module<[Tensor], Tensor[]> {
  stages: nn.ModuleList;
  stem = new nn.Conv3d(1, 4, 3);
  shared = new nn.Conv3d(2, 2, 1);
  unused = new nn.Linear(3, 3);
  constructor() {
    super();
    const up = new nn.Sequential(new nn.BatchNorm3d(4), new nn.ConvTranspose3d(4, 2, 2, { stride: 2 }));
    this.stages = new nn.ModuleList([new Block(4), new nn.Sequential(new nn.Sequential(up))]);
  }
  override forward(x: Tensor): Tensor[] {
    let current = this.stem.call(x);
    for (const stage of this.stages) current = stage.call(current);
    current = this.shared.call(current);
    return [this.shared.call(current), current];
  }
}

class Attention extends nn.Module {
  attention = new nn.MultiheadAttention(8, 2, { batchFirst: true });
  norm = new nn.LayerNorm([8]);
  fc = new nn.Linear(8, 1000);
  override forward(x: Tensor): Tensor {
    const [attended] = this.attention.call(x, x, x, { needWeights: false });
    return this.fc.call(this.norm.call(attended));
  }
}

describe.each([
  ["Several", () => new Several(), [2, 1, 6, 7, 8]],
  ["Attention", () => new Attention(), [2, 5, 8]],
] as const)("nn.summary of %s", (name, build, shape) => {
  it.each(Object.entries(golden[name]!))("is torchinfo's, to depth %s", (depth, expected) => {
    const live = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      using network = build();
      expect(nn.summary(network, torch.zeros([...shape]), { depth: Number(depth) })).toBe(expected);
      expect(network.training).toBe(true);
    }
    expect(torch.memory.live().tensors).toBe(live);
  });
});

it("nn.summary checks its options", () => {
  using _scope = torch.scope();
  using network = new nn.Linear(2, 2);
  expect(() => nn.summary(network, torch.zeros([1, 2]), { depth: 0 })).toThrow(
    /'depth' got 0. Expected a whole number/,
  );
  // @ts-expect-error
  expect(() => nn.summary(network, torch.zeros([1, 2]), { deep: 1 })).toThrow(/deep/);
});
