import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { launch, results } from "../../distributed/fixtures/launch.ts";
import * as torch from "../../index.ts";
import { batch, gradients, heads, loss, network, numbers } from "./fixtures/networks.ts";

const golden = JSON.parse(readFileSync(join(import.meta.dirname, "golden", "parallel.json"), "utf8")) as Record<
  "steps" | "accumulated" | "unused" | "float16" | "bfloat16",
  number[][]
>;
const PROGRAM = join(import.meta.dirname, "fixtures", "program.ts");

type Numbers = number[][];
type Of<K extends string> = Record<K, Numbers> & { readonly live: number };
type Outcome = Of<
  | "steps"
  | "views"
  | "finding"
  | "accumulated"
  | "accumulatedViews"
  | "unused"
  | "unusedViews"
  | "whole"
  | "float16"
  | "bfloat16"
  | "shared"
  | "own"
>;

/** The largest difference, relative to the largest number. */
function distance(left: Numbers, right: Numbers): number {
  expect(left.map((row) => row.length)).toEqual(right.map((row) => row.length));
  const [a, b] = [left.flat(), right.flat()];
  const scale = Math.max(...b.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN)))) / scale;
}

/** Of float64: some hundred roundings. */
const BOUND = 1e-13;

describe("a module in two processes", () => {
  let outcomes: Outcome[] = [];
  beforeAll(async () => {
    outcomes = await results<Outcome>(2, PROGRAM, "ddp");
  });
  const each = (check: (outcome: Outcome, rank: number) => void) => outcomes.forEach(check);

  it("learns as one with the batches of both, beginning with the weights of rank 0", () => {
    using net = network();
    const optimizer = new torch.optim.SGD(net.parameters(), { lr: 0.1 });
    const initial = numbers(net.parameters());
    for (let step = 0; step < 4; step++) {
      using _scope = torch.scope();
      loss(net.call(batch(step, null))).backward();
      optimizer.step();
      optimizer.zeroGrad();
    }
    optimizer.dispose();
    const expected = numbers(net.parameters());
    expect(distance(initial, expected)).toBeGreaterThan(0.01);
    each(({ steps }) => expect(distance(steps, expected)).toBeLessThan(BOUND));
  });

  it("has the same bits in both, whatever the gradients are kept in", () => {
    const [first] = outcomes;
    each(({ steps, views, finding }) => expect([steps, views, finding]).toEqual(Array(3).fill(first?.steps)));
  });

  it("adds gradients up where it is told not to send them", () => {
    using net = network();
    using _scope = torch.scope();
    for (const step of [0, 1]) loss(net.call(batch(step, null))).backward();
    const expected = gradients(net);
    each(({ accumulated, accumulatedViews }) => {
      expect(distance(accumulated, expected)).toBeLessThan(BOUND);
      expect(accumulatedViews).toEqual(accumulated);
    });
  });

  it("gives a gradient to what one of them used, and none to what nobody did", () => {
    using net = heads();
    using _scope = torch.scope();
    for (const head of [0, 1])
      loss(net.call(batch(0, head), head))
        .mul(0.5)
        .backward();
    const expected = gradients(net);
    expect(expected.slice(-2)).toEqual([[], []]);
    each(({ unused, unusedViews }) => {
      expect(distance(unused, expected)).toBeLessThan(BOUND);
      expect(unusedViews).toEqual(unused);
    });
  });

  // each of the two is rounded to 11 or 8 bits, and their sum
  it.each([
    ["float16", 2 ** -10],
    ["bfloat16", 2 ** -7],
  ] as const)("sends gradients as %s", (type, bound) => {
    each((outcome) => {
      const far = distance(outcome[type], outcome.whole);
      expect(far).toBeLessThan(bound);
      expect(far).toBeGreaterThan(bound / 1000);
    });
    expect(outcomes[0]?.[type]).toEqual(outcomes[1]?.[type]);
  });

  it("has the buffers of rank 0 in both, unless it is told otherwise", () => {
    const [here, there] = outcomes;
    expect(there?.shared).toEqual(here?.shared);
    expect(there?.own).not.toEqual(here?.own);
    expect(here?.own).toEqual(here?.shared);
  });

  it("computes what PyTorch's does", () => {
    for (const outcome of outcomes) {
      // in float64, of numbers that were drawn in float32, whose last bits are the processor's
      for (const name of ["steps", "accumulated", "unused"] as const)
        expect(distance(outcome[name], golden[name])).toBeLessThan(1e-6);
      // gradients of float32, of which the last bits are the processor's, may be rounded up here and down there
      expect(distance(outcome.float16, golden.float16)).toBeLessThan(2 ** -11);
      expect(distance(outcome.bfloat16, golden.bfloat16)).toBeLessThan(2 ** -8);
    }
  });

  it("leaves no tensor behind", () => each(({ live }) => expect(live).toBe(0)));
});

describe("a module that several processes cannot train", () => {
  it("is refused, with what to do", async () => {
    for (const [rank, [busy, frozen, shapes]] of (await results<string[]>(2, PROGRAM, "messages")).entries()) {
      expect(busy).toBe(
        `DistributedError: DistributedDataParallel, rank ${rank} of 2: another call of torch.distributed has not ended. Await it before.`,
      );
      expect(frozen).toMatch(/^ConfigError: .*no parameter that requires a gradient/);
      expect(shapes).toMatch(rank === 0 ? /./ : /params|shape|size/);
    }
    const none = () => new torch.nn.parallel.DistributedDataParallel(network());
    expect(none).toThrow(/call torch\.distributed\.initProcessGroup before/);
    // @ts-expect-error misspelt
    expect(() => new torch.nn.parallel.DistributedDataParallel(network(), { findUnused: true })).toThrow(/findUnused/);
  });

  it("says who is gone", async () => {
    const [rest] = await launch(2, PROGRAM, "dies");
    expect(rest?.errors).toBe("");
    expect(JSON.parse(rest?.output ?? "")).toMatch(
      /^DistributedError: .*backward, rank 0 of 2: rank 1 \(.*process \d+\) is gone/,
    );
  });
});
