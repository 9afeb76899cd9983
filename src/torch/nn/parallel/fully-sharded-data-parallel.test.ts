import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { launch, results } from "../../distributed/fixtures/launch.ts";
import * as torch from "../../index.ts";
import { numbers } from "./fixtures/networks.ts";
import { blocks, data, train } from "./fixtures/sharded.ts";

const PROGRAM = join(import.meta.dirname, "fixtures", "sharded-program.ts");

interface Of<T> {
  readonly outcome: T;
  /** Tensors and bytes that are there in the end, and were not before. */
  readonly live: readonly number[];
}
interface Trained {
  readonly norms: number[];
  readonly held: number;
  readonly weights: number[][];
  readonly moments: number[][];
  readonly restored: number[][];
}
interface Golden {
  readonly norms: number[];
  readonly weights: number[][];
  readonly moments: number[][];
}
const golden = JSON.parse(readFileSync(join(import.meta.dirname, "golden", "sharded.json"), "utf8")) as Golden;

interface Interrupted {
  readonly evaluated: number[][];
  readonly message: string;
  readonly norm: number;
  readonly expected: number;
}

/** The largest difference, relative to the largest number. */
function distance(left: readonly number[][], right: readonly number[][]): number {
  expect(left.map((row) => row.length)).toEqual(right.map((row) => row.length));
  const [a, b] = [left.flat(), right.flat()];
  const scale = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN)))) / scale;
}

/** Of float64: some thousand roundings, and Adam's divisions by small roots. */
const BOUND = 1e-9;

describe.each([2, 3])("a module whose weights %i processes share", (size) => {
  it("learns as in one with the batches of all, and each holds its part", async () => {
    using net = blocks();
    using optimizer = new torch.optim.AdamW(net.parameters(), { lr: 0.01 });
    const initial = numbers(net.parameters());
    const norms = train(net, optimizer, { clip: (max) => torch.nn.utils.clipGradNorm_(net.parameters(), max) });
    const weights = numbers(net.parameters());
    expect(distance(initial, weights)).toBeGreaterThan(0.01);
    const moments = numbers(
      [...optimizer.stateDict().state.values()].map(({ exp_avg: average }) => average as torch.Tensor),
    );
    const count = weights.flat().length;
    const all = await results<Of<Trained>>(size, PROGRAM, "trained");
    expect(all.map(({ live }) => live)).toEqual(Array(size).fill([0, 0]));
    for (const { outcome } of all) {
      expect(distance([outcome.norms], [norms])).toBeLessThan(BOUND);
      expect(distance(outcome.weights, weights)).toBeLessThan(BOUND);
      expect(distance(outcome.moments, moments)).toBeLessThan(BOUND);
      expect(outcome.restored).toEqual(outcome.moments);
      expect(outcome.weights).toEqual(all[0]?.outcome.weights);
      expect(outcome.held).toBeGreaterThan((0.8 * count) / size);
      expect(outcome.held).toBeLessThan((1.2 * count) / size);
    }
    // each element is held once
    expect(all.reduce((sum, { outcome }) => sum + outcome.held, 0)).toBe(count);
  });
});

describe("a module whose weights two processes share", () => {
  it("learns as PyTorch's does", async () => {
    for (const { outcome } of await results<Of<Golden>>(2, PROGRAM, "golden")) {
      // in float64, of numbers that were drawn in float32, whose last bits are the processor's
      expect(distance([outcome.norms], [golden.norms])).toBeLessThan(1e-6);
      expect(distance(outcome.moments, golden.moments)).toBeLessThan(1e-6);
      expect(distance(outcome.weights, golden.weights)).toBeLessThan(1e-6);
    }
  });

  it("evaluates, and goes on after a backward pass that has thrown", async () => {
    using net = blocks();
    const all = await results<Of<Interrupted>>(2, PROGRAM, "interrupted");
    for (const [rank, { outcome, live }] of all.entries()) {
      const evaluated = torch.noGrad(() => torch.tidy(() => numbers([net.call(data(0, { rank, worldSize: 2 }), 0)])));
      expect(distance(outcome.evaluated, evaluated)).toBeLessThan(BOUND);
      expect(outcome.message).toBe("RangeError: stop here");
      expect(Math.abs(outcome.norm / outcome.expected - 1)).toBeLessThan(BOUND);
      expect(live).toEqual([0, 0]);
    }
  });

  it("is refused where it cannot be trained, with what to do", async () => {
    for (const { outcome } of await results<Of<string[]>>(2, PROGRAM, "messages")) {
      const [frozen, within] = outcome;
      expect(frozen).toMatch(/^ConfigError: .*no parameter that requires a gradient/);
      expect(within).toMatch(/^ConfigError: Linear: .*torch\.utils\.checkpoint.*Call checkpoint within that part/);
    }
    const none = () => new torch.nn.parallel.FullyShardedDataParallel(blocks());
    expect(none).toThrow(/call torch\.distributed\.initProcessGroup before/);
    // @ts-expect-error misspelt
    expect(() => new torch.nn.parallel.FullyShardedDataParallel(blocks(), { minParams: 3 })).toThrow(/minParams/);
  });

  it("says who is gone", async () => {
    const [rest] = await launch(2, PROGRAM, "dies");
    expect(rest?.errors).toBe("");
    expect(JSON.parse(rest?.output ?? "").outcome).toMatch(
      /^DistributedError: .*backward, rank 0 of 2: rank 1 \(.*process \d+\) is gone/,
    );
  });
});

describe("collectives of one tensor", () => {
  it("gather the tensors of all, and give each its part of what becomes of them", async () => {
    for (const [rank, { outcome, live }] of (await results<Of<object>>(3, PROGRAM, "collectives")).entries()) {
      const [first, second] = [2 * rank, 2 * rank + 1];
      expect(outcome).toEqual({
        gathered: [1, 2, 11, 12, 21, 22],
        part: [3 * first + 300, 3 * second + 300],
        least: [first, second],
        unchanged: true,
        wrong: expect.stringMatching(/allGatherIntoTensor.*3 times the elements.*got 6 and 1/),
      });
      expect(live).toEqual([0, 0]);
    }
  });
});
