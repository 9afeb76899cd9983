import type { Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";

/**
 * Which weights are meant: those below one path, the same in file and model (`"network.convolutions"`); or paths of the file
 * with those of the model that stand for them (`{ encoder: "network.convolutions" }`; `""` is the whole).
 */
export type WeightPrefix = string | Readonly<Record<string, string>>;

/** A tensor of another shape than the model's. */
export interface Mismatch {
  readonly name: string;
  readonly shape: readonly number[];
  /** That of the model. */
  readonly expected: readonly number[];
}

/** How the names of a file go with those of a model. */
export interface Matching {
  /** By the model's names. */
  readonly found: ReadonlyMap<string, Tensor>;
  readonly missing: readonly string[];
  /** By the file's names. */
  readonly unexpected: readonly string[];
  readonly mismatched: readonly Mismatch[];
}

export function isBelow(name: string, path: string): boolean {
  return path === "" || name === path || name.startsWith(`${path}.`);
}

function join(path: string, rest: string): string {
  if (path === "" || rest === "") return path + rest;
  return `${path}.${rest}`;
}

/** The longest paths first, so that the narrowest is taken. */
function rulesOf(prefix: WeightPrefix): (readonly [from: string, to: string])[] {
  const pairs = typeof prefix === "string" ? [[prefix, prefix] as const] : Object.entries(prefix);
  const trimmed = pairs.map(([from, to]) => [from.replace(/\.$/, ""), String(to).replace(/\.$/, "")] as const);
  return trimmed.sort(([a], [b]) => b.length - a.length);
}

/** @throws ConfigError for a path of `prefix` that is not there, or two tensors that would go to one place. */
export function matchNames(
  targets: ReadonlyMap<string, Tensor>,
  saved: ReadonlyMap<string, Tensor>,
  prefix: WeightPrefix,
): Matching {
  const rules = rulesOf(prefix);
  for (const [from, to] of rules) {
    checkPath("the file", from, [...saved.keys()]);
    checkPath("the model", to, [...targets.keys()]);
  }
  const found = new Map<string, Tensor>();
  const unexpected: string[] = [];
  const mismatched: Mismatch[] = [];
  const taken = new Map<string, string>();
  for (const [name, tensor] of saved) {
    const rule = rules.find(([from]) => isBelow(name, from));
    if (rule === undefined) continue;
    const [from, to] = rule;
    const target = join(to, from === "" ? name : name.slice(from.length + 1));
    const own = targets.get(target);
    const other = taken.get(target);
    if (other !== undefined) {
      throw new ConfigError(`loadWeights: 'prefix' sends both '${other}' and '${name}' to '${target}'. Choose one.`);
    }
    taken.set(target, name);
    if (own === undefined) unexpected.push(name);
    else if (!sameShape(own, tensor)) mismatched.push({ name: target, shape: tensor.shape, expected: own.shape });
    else found.set(target, tensor);
  }
  const asked = [...targets.keys()].filter((name) => rules.some(([, to]) => isBelow(name, to)));
  // checkpoints of an old PyTorch lack this counter
  const missing = asked.filter((name) => !taken.has(name) && !name.endsWith("num_batches_tracked"));
  return { found, missing, unexpected, mismatched };
}

function checkPath(where: string, path: string, names: readonly string[]): void {
  if (names.some((name) => isBelow(name, path))) return;
  throw new ConfigError(
    `loadWeights: 'prefix' names '${path}', and ${where} has no weights there. It has: ${topPaths(names).join(", ")}.`,
  );
}

/** The first two steps of each path, each once. */
function topPaths(names: readonly string[]): string[] {
  const tops = new Set(names.map((name) => name.split(".").slice(0, 2).join(".")));
  return [...tops].slice(0, 20);
}

function sameShape(a: Tensor, b: Tensor): boolean {
  const [left, right] = [a.shape, b.shape];
  return left.length === right.length && left.every((n, i) => n === right[i]);
}

/** A `prefix` with which the names would go together, or null. */
export function suggestPrefix(targets: Iterable<string>, saved: Iterable<string>): string | null {
  const [own, theirs] = [[...targets], [...saved]];
  for (const name of theirs) {
    const longer = own.find((target) => target.endsWith(`.${name}`));
    if (longer !== undefined) return `{ "": "${longer.slice(0, -name.length - 1)}" }`;
    const shorter = own.find((target) => name.endsWith(`.${target}`));
    if (shorter !== undefined) return `{ "${name.slice(0, -shorter.length - 1)}": "" }`;
  }
  return exchanged(own, theirs);
}

/** What stands before names that are otherwise the same: those of a file begin with `module`, of the model with `network`. */
function exchanged(own: readonly string[], theirs: readonly string[]): string | null {
  const there = new Set(theirs);
  const [name = ""] = theirs;
  const steps = name.split(".");
  for (let from = 1; from < steps.length; from++) {
    const before = steps.slice(0, from).join(".");
    const rest = steps.slice(from).join(".");
    for (const target of own.filter((one) => one.endsWith(`.${rest}`))) {
      const path = target.slice(0, -rest.length - 1);
      const below = own.filter((one) => isBelow(one, path) && !one.endsWith("num_batches_tracked"));
      if (below.every((one) => there.has(join(before, one.slice(path.length + 1))))) {
        return `{ "${before}": "${path}" }`;
      }
    }
  }
  return null;
}
