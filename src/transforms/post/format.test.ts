import { afterAll, beforeAll, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { Tensor } from "../../torch/index.ts";
import { goldenPoint } from "../fixtures/golden.ts";
import { compareOutput } from "../fixtures/outputs.ts";
import { FormatConfig, Rng } from "../index.ts";

compareOutput("Format");

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const formatted = (options: object) => {
  const point = goldenPoint();
  point.setField("age", 55);
  point.setField("scores", [1, 2]);
  point.setField("name", "x");
  point.setField("output", torch.ones([1, 2]));
  return new FormatConfig(options).getObject().apply(point, new Rng(0));
};

it("changes images and tensors; numbers where they are named", () => {
  using _scope = torch.scope();
  const point = formatted({ dtype: "float64" });
  expect(point.image("image").tensor.dtype).toBe("float64");
  expect(point.image("brain").tensor.dtype).toBe("float64");
  expect(point.getField("age")).toBe(55);
  const of = (key: string, options: object) => {
    const value = formatted({ include: [key], ...options }).getField(key);
    if (!(value instanceof Tensor)) throw new Error("no tensor");
    return [value.dtype, value.shape, value.flatten().toNumbers()];
  };
  expect(of("age", { dtype: "int64" })).toEqual(["int64", [], [55]]);
  expect(of("scores", { unsqueeze: 0 })).toEqual(["float32", [1, 2], [1, 2]]);
  expect(of("output", { squeeze: true, dtype: "torch.int32" })).toEqual(["int32", [2], [1, 1]]);
  expect(formatted({ exclude: ["image", "output"], dtype: "int64" }).image("image").tensor.dtype).toBe("float32");
});

it("says what cannot be formatted", () => {
  using _scope = torch.scope();
  expect(() => formatted({ include: ["image"], squeeze: true })).toThrow(
    /'image' of sub-1, ses-1 would have the shape/,
  );
  expect(() => formatted({ include: ["name"] })).toThrow(/'name', which holds no numbers in sub-1, ses-1/);
  expect(() => formatted({ include: ["nope"] })).toThrow(/'nope', which does not exist/);
  expect(() => formatted({ include: ["output"], squeeze: [2] })).toThrow(/'squeeze' names dimension 2/);
  expect(() => formatted({ include: ["output"], unsqueeze: 3 })).toThrow(/'unsqueeze' names dimension 3/);
  expect(() => new FormatConfig({ dtype: "float" as never })).toThrow(/dtype/);
  expect(() => new FormatConfig({ squeeze: -1 })).toThrow(/squeeze/);
});
