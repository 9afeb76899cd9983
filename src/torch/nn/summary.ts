import { grouped } from "../../utils/grouped.ts";
import { type Given, isNumber, knownOptions, notByName } from "../arguments.ts";
import { noGrad } from "../autograd.ts";
import { scope } from "../scope.ts";
import { Tensor } from "../tensor.ts";
import { itemSize } from "../types.ts";
import type { AnyModule, Module } from "./module.ts";
import { oneForAll, type Shortcut } from "./one-for-all.ts";

/** A line of the table. */
interface Line {
  readonly module: AnyModule;
  readonly depth: number;
  readonly repeated: boolean;
  outputShape: readonly number[];
  outputBytes: number;
  multAdds: number;
}

const COLUMN = 25;
const INDENT = 5;

export interface SummaryOptions {
  /** Down to which depth layers have lines of their own; default 3. Totals count all of them. */
  readonly depth?: number | undefined;
}

/**
 * The table of a network's layers in the order in which they run: shape of their output, number of parameters (in brackets where they are frozen), and
 * below it the totals. It is laid out as torchinfo's, for readers that know it.
 *
 * @param input a batch (N, …); it goes through the network without gradients, in evaluation mode.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * using x = torch.zeros([1, 4]);
 * console.log(`${torch.nn.summary(layer, x, { depth: 1 })}`.includes("Linear")); // → true
 * ```
 */
export function summary(network: Module<[Tensor], unknown>, input: Tensor, ...options: Given<SummaryOptions>): string {
  const { depth = 3 } = knownOptions("summary", options, ["depth"]);
  if (!isNumber(depth) || !Number.isInteger(depth) || depth < 1) {
    throw notByName("summary", "depth", depth, "a whole number from 1 on");
  }
  const lines = trace(network, input);
  const counts = new Map<number, number>();
  const titles = lines.map((line) => {
    const index = (counts.get(line.depth) ?? 0) + 1;
    counts.set(line.depth, index);
    const name = line.module.constructor.name;
    return line.depth === 0 ? name : `${name}: ${line.depth}-${index}`;
  });
  const longest = Math.max(...titles.map((title, i) => title.length + (lines[i]?.depth ?? 0) * INDENT + 1));
  const width = longest >= 40 ? Math.ceil(longest / INDENT) * INDENT : 40;
  const rule = "=".repeat(width + 2 * COLUMN);
  const row = (...cells: readonly [string, string, string]) =>
    `${cells[0].padEnd(width)} ${cells[1].padEnd(COLUMN)} ${cells[2].padEnd(COLUMN)}`.trimEnd();

  const shown = lines.flatMap((line, i) => {
    if (line.depth > depth) return [];
    const shape = line.outputShape.length === 0 ? "--" : `[${line.outputShape.join(", ")}]`;
    return [row(`${branch(line.depth)}${titles[i] ?? ""}`, shape, parameterCell(lines, i, depth))];
  });
  return [
    rule,
    row("Layer (type:depth-idx)", "Output Shape", "Param #"),
    rule,
    ...shown,
    rule,
    ...totals(lines, input, rule),
    rule,
  ].join("\n");
}

function branch(depth: number): string {
  if (depth === 0) return "";
  return depth === 1 ? "├─" : `${"│    ".repeat(depth - 1)}└─`;
}

/** Where a module stands: the modules around it, from those below the network on. */
type Path = readonly AnyModule[];

/** Runs the network and notes each call of a module, parents before children. */
function trace(network: Module<[Tensor], unknown>, input: Tensor): Line[] {
  // a hook, or a way to compute of its own, sees what it would see
  const plain = new Set<AnyModule>();
  for (const module of network.modules()) if (!module.hooked && !Object.hasOwn(module, "forward")) plain.add(module);
  try {
    return traceCalls(network, input, (module, inputs) => (plain.has(module) ? oneForAll(module, inputs) : null));
  } catch {
    // what stands for several images cannot be changed in place, for instance: then all go through, and what is wrong is thrown here
    return traceCalls(network, input, () => null);
  }
}

/** @param shortcut of each call of a layer; null: it is run as it is. */
function traceCalls(
  network: Module<[Tensor], unknown>,
  input: Tensor,
  shortcut: (module: AnyModule, inputs: readonly unknown[]) => Shortcut | null,
): Line[] {
  // of a module that has several places, the last counts
  const paths = new Map<AnyModule, Path>();
  const visit = (module: AnyModule, path: Path) => {
    paths.set(module, path);
    for (const child of module.children()) visit(child, module === network ? [] : [...path, module]);
  };
  visit(network, []);

  const lines: Line[] = [];
  const running = new Map<AnyModule, Line>();
  const shortcuts = new Map<AnyModule, Shortcut>();
  const hooks = [...paths].flatMap(([module, path]) => [
    module.registerForwardPreHook((_module: AnyModule, inputs: readonly unknown[]) => {
      const repeated = running.has(module);
      const line = { ...lineOf(module, module === network ? 0 : path.length + 1), repeated };
      running.set(module, line);
      lines.push(line);
      const taken = shortcut(module, inputs);
      if (taken === null) return undefined;
      shortcuts.set(module, taken);
      return [taken.input];
    }),
    module.registerForwardHook((_module: AnyModule, _inputs: unknown, output: unknown) => {
      const line = running.get(module);
      const taken = shortcuts.get(module);
      shortcuts.delete(module);
      const whole = taken === undefined ? output : taken.finish(output);
      const first = Array.isArray(whole) ? whole[0] : whole;
      if (line === undefined || !Tensor.isTensor(first)) return undefined;
      line.outputShape = [...first.shape];
      line.outputBytes = first.numel() * itemSize(first.dtype);
      line.multAdds = multAdds(module, line.outputShape);
      return whole;
    }),
  ]);
  // parts may be in another mode than the whole
  const modes = [...network.modules()].map((module) => [module, module.training] as const);
  network.eval();
  using _scope = scope();
  using _grad = noGrad();
  try {
    network.call(input);
  } finally {
    for (const hook of hooks) hook.remove();
    for (const [module, training] of modes) module.training = training;
  }
  return withContainers(lines, paths);
}

function lineOf(module: AnyModule, depth: number): Line {
  return { module, depth, repeated: false, outputShape: [], outputBytes: 0, multAdds: 0 };
}

/** Adds those that do not run themselves, such as a `ModuleList`, before what runs in them. */
function withContainers(lines: readonly Line[], paths: ReadonlyMap<AnyModule, Path>): Line[] {
  const seen = new Set(lines.map(({ module }) => module));
  const all: Line[] = [];
  /** The modules around the last line, and its own. */
  let around: AnyModule[] = [];
  for (const line of lines) {
    if (line.depth > 0) {
      for (const [i, container] of (paths.get(line.module) ?? []).entries()) {
        if (around[i] === container) continue;
        all.push({ ...lineOf(container, i + 1), repeated: seen.has(container) });
        seen.add(container);
        around = [...around.slice(0, i), container];
      }
      around = [...around.slice(0, line.depth - 1), line.module];
    }
    all.push(line);
  }
  return all;
}

function ownParameters(module: AnyModule): { name: string; numel: number; bytes: number; trainable: boolean }[] {
  return [...module.namedParameters()].map(([name, p]) => ({
    name,
    numel: p.numel(),
    bytes: p.numel() * itemSize(p.dtype),
    trainable: p.requiresGrad,
  }));
}

function isLeaf(module: AnyModule): boolean {
  return [...module.children()].length === 0;
}

/** Multiplications and additions of a layer, counted per parameter. */
function multAdds(module: AnyModule, shape: readonly number[]): number {
  const perChannel = shape.reduce((product, size, i) => (i === 1 ? product : product * size), 1);
  let total = 0;
  for (const { name, numel } of ownParameters(module)) {
    if (name === "weight" || name === "bias") {
      total += numel * (module.constructor.name.includes("Conv") ? perChannel : (shape[0] ?? 1));
    } else if (name.includes("weight") || name.includes("bias")) {
      total += numel * (shape[0] ?? 1) * (shape[1] ?? 1);
    }
  }
  return total;
}

function count(module: AnyModule): number {
  return ownParameters(module).reduce((sum, p) => sum + p.numel, 0);
}

/** Parameters of a module that none of the layers below it, as traced, has. */
function leftover(lines: readonly Line[], i: number, of: (module: AnyModule) => number): number {
  const line = lines[i];
  if (line === undefined) return 0;
  let rest = of(line.module);
  for (let j = i + 1; j < lines.length; j++) {
    const below = lines[j];
    if (below === undefined || below.depth <= line.depth) break;
    if (!below.repeated) rest -= isLeaf(below.module) ? of(below.module) : leftover(lines, j, of);
  }
  return rest;
}

function parameterCell(lines: readonly Line[], i: number, depth: number): string {
  const line = lines[i];
  if (line === undefined) return "--";
  const all = count(line.module);
  if (all === 0) return "--";
  if (line.repeated) return "(recursive)";
  if (line.depth === depth || isLeaf(line.module)) {
    const text = grouped(all);
    return trainable(line.module) > 0 ? text : `(${text})`;
  }
  const rest = leftover(lines, i, count);
  return rest > 0 ? grouped(rest) : "--";
}

function trainable(module: AnyModule): number {
  return ownParameters(module).reduce((sum, p) => sum + (p.trainable ? p.numel : 0), 0);
}

function totals(lines: readonly Line[], input: Tensor, rule: string): string[] {
  let params = 0;
  let learning = 0;
  let paramBytes = 0;
  let outputBytes = 0;
  let operations = 0;
  lines.forEach((line, i) => {
    if (isLeaf(line.module)) {
      operations += line.multAdds;
      // twice: the output and its gradient
      if (count(line.module) > 0) outputBytes += 2 * line.outputBytes;
      if (line.repeated) return;
      params += count(line.module);
      learning += trainable(line.module);
      paramBytes += ownParameters(line.module).reduce((sum, p) => sum + p.bytes, 0);
    } else if (!line.repeated) {
      params += Math.max(leftover(lines, i, count), 0);
      learning += Math.max(leftover(lines, i, trainable), 0);
    }
  });
  const inputBytes = input.numel() * itemSize(input.dtype);
  return [
    `Total params: ${grouped(params)}`,
    `Trainable params: ${grouped(learning)}`,
    `Non-trainable params: ${grouped(params - learning)}`,
    `Total mult-adds (${readable(operations)}`,
    rule,
    `Input size (MB): ${megabytes(inputBytes)}`,
    `Forward/backward pass size (MB): ${megabytes(outputBytes)}`,
    `Params size (MB): ${megabytes(paramBytes)}`,
    `Estimated Total Size (MB): ${megabytes(inputBytes + outputBytes + paramBytes)}`,
  ];
}

function readable(operations: number): string {
  const [unit, divisor] =
    operations >= 1e12 ? ["TERABYTES", 1e12] : operations >= 1e9 ? ["GIGABYTES", 1e9] : ["MEGABYTES", 1e6];
  const value = operations / Number(divisor);
  const text = grouped(value, Number.isInteger(value) ? 0 : 2);
  return `Units.${unit}): ${text}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(2);
}
