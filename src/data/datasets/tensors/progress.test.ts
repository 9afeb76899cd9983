import { describe, expect, it } from "vitest";
import { progressLine } from "./progress.ts";

function shown(isTTY: boolean, done: readonly number[], total: number): string[] {
  const texts: string[] = [];
  const show = progressLine({ isTTY, write: (text) => texts.push(text) });
  for (const each of done) show({ done: each, total });
  return texts;
}
const upTo = (n: number, from = 1): number[] => Array.from({ length: n - from + 1 }, (_, i) => from + i);

describe("the progress of a conversion", () => {
  it("is a line for every tenth in a log, and the last is there", () => {
    const lines = shown(false, upTo(250), 250);
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe("Converting to tensors: 25 of 250\n");
    expect(lines.at(-1)).toBe("Converting to tensors: 250 of 250\n");
  });
  it("is a line for each of a few, and says nothing again of what was there before", () => {
    expect(shown(false, upTo(3), 3)).toHaveLength(3);
    expect(shown(false, upTo(100, 95), 100)).toEqual(["Converting to tensors: 100 of 100\n"]);
  });
  it("is one line on a terminal, taken away at the end", () => {
    expect(shown(true, [1, 2], 2)).toEqual(["\r\x1b[KConverting to tensors: 1 of 2", "\r\x1b[K"]);
  });
});
