import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import * as torch from "../index.ts";

it("maps a file instead of reading it, and never writes into it", () => {
  const before = torch.memory.live();
  const folder = mkdtempSync(join(tmpdir(), "clinicadl-mmap-"));
  try {
    using scope = torch.scope();
    const path = join(folder, "x.pt");
    const made = {
      a: torch.randn([3, 5]).t(),
      b: torch.arange(7),
      c: torch.tensor([1, 2, 3], { dtype: "float16" }),
      d: torch.tensor([[4, 5]], { dtype: "uint8" }),
      e: torch.zeros([0, 2]),
    };
    torch.save({ ...made, again: made.a }, path);
    const bytes = readFileSync(path);
    const read = torch.load(path, { mmap: true }) as Record<string, torch.Tensor>;
    for (const [name, value] of Object.entries(made)) {
      const got = read[name] as torch.Tensor;
      expect([name, got.dtype, got.shape, got.stride()]).toEqual([name, value.dtype, value.shape, value.stride()]);
      expect([name, got.toArray()]).toEqual([name, value.toArray()]);
    }
    expect(read.a?.storageId()).toBe(read.again?.storageId());
    read.a?.add_(1);
    expect(read.again?.toArray()).toEqual(made.a.add(1).toArray());
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(() => torch.load(bytes, { mmap: true })).toThrow(/needs the path/);
    scope.end();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  expect(torch.memory.live()).toEqual(before);
});
