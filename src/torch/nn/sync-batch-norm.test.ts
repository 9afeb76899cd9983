import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { results } from "../distributed/fixtures/launch.ts";
import * as torch from "../index.ts";
import { CASES, type Outcome, outcome } from "./parallel/fixtures/layers.ts";

const { BatchNorm1d, BatchNorm2d, BatchNorm3d, Linear, Sequential, SyncBatchNorm } = torch.nn;

function expectClose(got: readonly number[], wanted: readonly number[], bound: number): void {
  expect(got).toHaveLength(wanted.length);
  const scale = Math.max(1, ...wanted.map(Math.abs));
  for (const [i, value] of got.entries())
    expect(Math.abs(value - (wanted[i] ?? Number.NaN))).toBeLessThan(bound * scale);
}

describe("batch normalisation over two processes", () => {
  interface Process {
    readonly outcomes: Outcome[];
    readonly gradients: number[][];
    readonly live: number;
  }
  let processes: Process[] = [];
  beforeAll(async () => {
    processes = await results<Process>(2, join(import.meta.dirname, "parallel", "fixtures", "sync-program.ts"), "");
  });

  it.each(CASES.map((one, i) => [one.name, one, i] as const))("is that of the whole batch: %s", (_name, one, i) => {
    const Class = one.shape.length < 4 ? BatchNorm1d : one.shape.length === 4 ? BatchNorm2d : BatchNorm3d;
    using layer = new Class(3, one.options);
    const whole = outcome(layer, one, null);
    const [here, there] = processes.map(({ outcomes }) => outcomes[i] as Outcome) as [Outcome, Outcome];
    // sums of a hundred values
    const bound = one.dtype === "float64" ? 1e-12 : 1e-5;
    // without running statistics an evaluation has those of each process's samples, as PyTorch's has
    for (const name of ["output", "inputGrad"] as const)
      expectClose([...here[name], ...there[name]], whole[name], bound);
    // without running statistics an evaluation has those of each process's samples, as PyTorch's has
    if (layer.trackRunningStats) expectClose([...here.evaluated, ...there.evaluated], whole.evaluated, bound);
    for (const [k, grad] of whole.weightGrads.entries()) {
      const sum = here.weightGrads[k]?.map((value, c) => value + (there.weightGrads[k]?.[c] ?? Number.NaN));
      expectClose(sum ?? [], grad, bound);
    }
    expect(here.weightGrads).toHaveLength(whole.weightGrads.length);
    expect(here.buffers).toHaveLength(whole.buffers.length);
    for (const [k, buffer] of whole.buffers.entries()) expectClose(here.buffers[k] ?? [], buffer, bound);
    expect(there.buffers).toEqual(here.buffers);
  });

  it("gives the same gradients where a network is computed again", () => {
    for (const { gradients } of processes) {
      expect(gradients[0]?.length).toBeGreaterThan(80);
      expect(gradients[1]).toEqual(gradients[0]);
    }
  });

  it("leaves no tensor behind", () => expect(processes.map(({ live }) => live)).toEqual([0, 0]));
});

describe("conversion", () => {
  it("makes all batch normalisations synchronised ones, which stay the same objects", () => {
    using network = new Sequential(
      new Linear(4, 3),
      new Sequential(new BatchNorm1d(3)),
      new BatchNorm1d(3, { eps: 0.1 }),
    );
    const before = { modules: [...network.modules()], keys: [...network.stateDict().keys()], text: String(network) };
    expect(SyncBatchNorm.convertSyncBatchnorm(network)).toBe(network);
    expect([...network.modules()]).toEqual(before.modules);
    expect([...network.stateDict().keys()]).toEqual(before.keys);
    expect(String(network)).toBe(before.text.replaceAll("BatchNorm1d", "SyncBatchNorm"));
    expect(network.at(2)).toBeInstanceOf(SyncBatchNorm);
    using x = torch.randn([5, 4]);
    using y = network.call(x);
    expect(y.shape).toEqual([5, 3]);
  });
  it("can be for a time", () => {
    using network = new Sequential(new BatchNorm1d(3), new SyncBatchNorm(3));
    {
      using _ = SyncBatchNorm.temporarily(network);
      expect([...network].map((layer) => layer.constructor)).toEqual([SyncBatchNorm, SyncBatchNorm]);
    }
    expect([...network].map((layer) => layer.constructor)).toEqual([BatchNorm1d, SyncBatchNorm]);
  });
});

describe("in one process", () => {
  it("is as the others", () => {
    using layer = new SyncBatchNorm(3);
    using other = new BatchNorm1d(3);
    const one = CASES[1];
    if (one === undefined) throw new Error("there are cases");
    expect(outcome(layer, one, null)).toEqual(outcome(other, one, null));
    using flat = torch.randn([3]);
    expect(() => layer.call(flat)).toThrow("expected at least 2D input (got 1D input)");
  });
});
