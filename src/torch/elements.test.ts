import { describe, expect, it } from "vitest";
import { nested, numbers, refuseComplex, typedArray } from "./elements.ts";
import * as torch from "./index.ts";

describe("elements", () => {
  it("are nested, one array for each dimension", () => {
    expect(nested([7], [])).toBe(7);
    expect(nested([], [0])).toEqual([]);
    expect(nested([], [2, 0])).toEqual([[], []]);
    expect(nested([1, 2, 3, 4, 5, 6], [1, 3, 2])).toEqual([
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ]);
  });

  it("of 64 bits are numbers where these hold them, and refused where not", () => {
    expect(numbers(new BigInt64Array([1n, -(2n ** 53n) + 1n]))).toEqual([1, -(2 ** 53) + 1]);
    expect(() => numbers(new BigInt64Array([2n ** 53n]))).toThrow(
      "toNumbers: 9007199254740992 does not fit a number exactly; use toTypedArray().",
    );
  });

  it("that are complex are refused in the name of what was asked for", () => {
    expect(() => refuseComplex("toArray", "complex64")).toThrow(/^toArray: the elements are complex/);
    expect(refuseComplex("toArray", "float32")).toBeUndefined();
  });

  it.each(torch.dtypes)("of %s are viewed in arrays whose items are as large as theirs, or half of them", (dtype) => {
    const { BYTES_PER_ELEMENT } = typedArray(dtype, new ArrayBuffer(16));
    expect(BYTES_PER_ELEMENT).toBe(torch.itemSize(dtype) / (dtype.startsWith("complex") ? 2 : 1));
  });
});
