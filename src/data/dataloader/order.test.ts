import { describe, expect, it } from "vitest";
import { countBatches, cutBatches, type Share } from "./order.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("batches of a share", () => {
  const shares: Share[] = (["batches", "dataset"] as const).flatMap((of) =>
    [1, 2, 3].flatMap((size) => upTo(size).map((rank) => ({ rank, size, of }))),
  );
  it("are as many as are counted, and all of them together are all samples, once", () => {
    for (const of of ["batches", "dataset"] as const) {
      for (const size of [1, 2, 3]) {
        for (const samples of [6, 12, 15]) {
          const options = { batchSize: 2, dropLast: false };
          const cut = upTo(size).map((rank) => cutBatches(upTo(samples), options, { rank, size, of }));
          expect(cut.map((batches) => batches.length)).toEqual(
            upTo(size).map((rank) => countBatches(samples, options, { rank, size, of })),
          );
          expect(cut.flat(2).sort((a, b) => a - b)).toEqual(upTo(samples));
        }
      }
    }
  });
  it("are as many as are counted where an incomplete one is dropped", () => {
    const options = { batchSize: 4, dropLast: true };
    for (const share of shares) {
      for (const samples of [0, 3, 8, 13, 25]) {
        expect(cutBatches(upTo(samples), options, share)).toHaveLength(countBatches(samples, options, share));
      }
    }
  });
  it("need a sample for each process", () => {
    const share = { rank: 0, size: 3, of: "batches" } as const;
    expect(() => cutBatches(upTo(7), { batchSize: 2, dropLast: false }, share)).toThrow(
      /1 sample\(s\) for 3 processes/,
    );
  });
});
