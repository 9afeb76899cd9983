/** Each public class and function has an example in its doc comment, or a reason why it has none. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commentsOf, examplesOf, root } from "./comments.ts";
import { entries } from "./example-programs.ts";
import { EXCUSED } from "./excused.ts";
import { files, ROOMS } from "./rooms.ts";

describe("public classes and functions have an example", () => {
  const sources = entries().filter((path) => ROOMS.some((room) => path.startsWith(`src/${room}/`)));
  it.each(sources)("%s", async (path) => {
    const [public_, shown] = await Promise.all([publicOf(path), shownOf(files([path.split("/")[1] ?? ""]))]);
    expect(public_.size).toBeGreaterThan(0);
    expect(
      [...public_].filter(([name, value]) => !shown.has(value) && !(name in EXCUSED)).map(([name]) => name),
    ).toEqual([]);
  });

  it("nothing is excused that has one, or is not there", async () => {
    const shown = await shownOf(files(ROOMS));
    const public_ = new Map((await Promise.all(sources.map(publicOf))).flatMap((names) => [...names]));
    expect(Object.keys(EXCUSED).filter((name) => !public_.has(name) || shown.has(public_.get(name)))).toEqual([]);
  });

  it("and so has each member of a tensor that is no operator", async () => {
    const { Tensor } = await import("../../src/torch/index.ts");
    const { methodNames } = await import("../../src/torch/generated/table.ts");
    const written = [Tensor.prototype, Object.getPrototypeOf(Tensor.prototype)].flatMap(Object.getOwnPropertyNames);
    const asked = new Set(["isTensor", ...written]).difference(new Set(["constructor", ...methodNames, ...OF_ROOMS]));
    expect(asked.size).toBeGreaterThan(30);
    const comments = ["src/torch/tensor.ts", "src/torch/owned-handle.ts"].flatMap(commentsOf);
    const shown = new Set(comments.flatMap((c) => (c.member !== null && examplesOf(c).length > 0 ? [c.member] : [])));
    expect([...asked.difference(shown)]).toEqual([]);
  });
});

/** What of a tensor is there for scopes, threads and operators, and not for users. */
const OF_ROOMS = ["handleFor", "disposeWith", "surrender", "leaveScope"];

/** The public classes and functions of an entry by name: in torch `torch.nn.Linear`, without the operators, whose words are PyTorch's. */
async function publicOf(path: string): Promise<Map<string, unknown>> {
  const exported: Readonly<Record<string, unknown>> = await import(join(root, path));
  if (path !== "src/torch/index.ts") return functionsOf(exported, "");
  const operators = new Set<unknown>(Object.values(await import("../../src/torch/ops.ts")));
  return new Map([...functionsOf(exported, "torch.")].filter(([, value]) => !operators.has(value)));
}

function functionsOf(exported: object, prefix: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value === "function") found.set(prefix + name, value);
    else if (isModule(value)) for (const [inner, one] of functionsOf(value, `${prefix}${name}.`)) found.set(inner, one);
  }
  return found;
}

/** Of `export * as name`; what the test runner makes of one is no module to Node. */
function isModule(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Module]";
}

/** The classes and functions of some files whose doc comments have an example: themselves, since two files may have one of a name. */
async function shownOf(paths: readonly string[]): Promise<Set<unknown>> {
  const shown = new Set<unknown>();
  for (const path of paths) {
    const names = commentsOf(path).flatMap((c) => (c.of !== null && examplesOf(c).length > 0 ? [c.of] : []));
    if (names.length === 0) continue;
    const exported: Readonly<Record<string, unknown>> = await import(join(root, path));
    for (const name of names) shown.add(exported[name]);
  }
  return shown;
}
