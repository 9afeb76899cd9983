/** Which parts of a network are gathered by themselves. */
import type { Tensor } from "../../tensor.ts";
import { MultiheadAttention } from "../attention.ts";
import { ModuleDict, ModuleList } from "../containers.ts";
import type { AnyModule } from "../module.ts";
import { Parameter } from "../parameter.ts";

/** Of all parameters, the share that a part has at least: what is whole at once is then some 30th of the module. */
const SMALLEST = 1 / 32;

function countOf(parameters: Iterable<Tensor>): number {
  return [...parameters].reduce((sum, parameter) => sum + parameter.numel(), 0);
}

/**
 * The parts of a module that have at least so many parameters which no part of them has, as PyTorch's `size_based_auto_wrap_policy`
 * finds them: the innermost first. Lists of modules are not called, and the parts of an attention neither, so that these are none.
 * @param minNumParams Default: a 32nd of all parameters.
 * @example
 * ```ts
 * using layers = new torch.nn.Sequential(new torch.nn.Linear(100, 100), new torch.nn.Linear(100, 1));
 * const parts = torch.nn.parallel.partsOfSize(layers, 1000);
 * console.log(parts.map(String)); // → [ 'Linear(in_features=100, out_features=100, bias=True)' ]
 * ```
 */
export function partsOfSize(
  root: AnyModule,
  minNumParams: number = Math.ceil(countOf(root.parameters()) * SMALLEST),
): AnyModule[] {
  const parts: AnyModule[] = [];
  const seen = new Set<AnyModule>();
  /** How many parameters are left to those around. */
  const rest = (module: AnyModule): number => {
    if (seen.has(module)) return 0;
    seen.add(module);
    let count = countOf(module.parameters({ recurse: false }));
    if (module instanceof MultiheadAttention) count = countOf(module.parameters());
    else for (const child of module.children()) count += rest(child);
    if (module === root || count < minNumParams || module instanceof ModuleList || module instanceof ModuleDict)
      return count;
    parts.push(module);
    return 0;
  };
  rest(root);
  return parts;
}

/** The parameters of each part; those that several parts have are of the whole. */
export function parametersOf(root: AnyModule, parts: ReadonlySet<AnyModule>): Map<AnyModule, Parameter[]> {
  const owners = new Map<Parameter, Set<AnyModule>>();
  const visit = (module: AnyModule, around: AnyModule): void => {
    const owner = parts.has(module) ? module : around;
    for (const one of module.localState().values())
      if (one instanceof Parameter) owners.set(one, (owners.get(one) ?? new Set()).add(owner));
    for (const child of module.localModules().values()) visit(child, owner);
  };
  visit(root, root);
  const out = new Map<AnyModule, Parameter[]>();
  for (const [parameter, several] of owners) {
    const [first = root] = several;
    const owner = several.size === 1 ? first : root;
    out.set(owner, [...(out.get(owner) ?? []), parameter]);
  }
  return out;
}
