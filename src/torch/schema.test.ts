import { expect, it } from "vitest";
import { operatorSchemas } from "./index.ts";
import { parseSchema } from "./schema.ts";

it("reads arguments, defaults, keywords, aliases and returns", () => {
  const schema = parseSchema(
    'aten::f.over(Tensor(a!) self, int[3] k=[1, 2, 3], str mode="a, b", *, Scalar? s=None, Tensor?[] t) -> (Tensor(a!) x, Tensor[] y)',
  );
  expect([schema.base, schema.overload]).toEqual(["f", "over"]);
  expect(
    schema.args.map((a) => [a.name, a.type.base, a.type.list, a.type.size, a.type.optional, a.hasDefault, a.keyword]),
  ).toEqual([
    ["self", "Tensor", false, 0, false, false, false],
    ["k", "int", true, 3, false, true, false],
    ["mode", "str", false, 0, false, true, false],
    ["s", "Scalar", false, 0, true, true, true],
    ["t", "Tensor", true, 0, false, false, true],
  ]);
  expect(schema.args[0]?.type.writes).toBe(true);
  expect(schema.args[4]?.type.optionalElement).toBe(true);
  expect(schema.returns.map((r) => [r.base, r.list])).toEqual([
    ["Tensor", false],
    ["Tensor", true],
  ]);
});

it("reads every schema of the dispatcher", () => {
  const schemas = operatorSchemas();
  expect(schemas.length).toBeGreaterThan(3000);
  for (const text of schemas) {
    const schema = parseSchema(text);
    expect(text.startsWith(`${schema.name}(`)).toBe(true);
    for (const arg of schema.args) expect(arg.name).toMatch(/^\w+$/);
  }
});
