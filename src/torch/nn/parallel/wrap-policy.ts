/** Which parts of a network are gathered by themselves. */
import { MultiheadAttention } from "../attention.ts";
import { ModuleDict, ModuleList } from "../containers.ts";
import type { AnyModule } from "../module.ts";

/**
 * The parts of a module that have at least so many parameters which no part of them has, as PyTorch's `size_based_auto_wrap_policy`
 * finds them: the innermost first. Lists of modules are not called, and the parts of an attention neither, so that these are none.
 */
export function partsOfSize(root: AnyModule, minNumParams: number): AnyModule[] {
  const parts: AnyModule[] = [];
  const seen = new Set<AnyModule>();
  /** How many parameters are left to those around. */
  const rest = (module: AnyModule): number => {
    if (seen.has(module)) return 0;
    seen.add(module);
    let count = [...module.parameters({ recurse: false })].reduce((sum, parameter) => sum + parameter.numel(), 0);
    if (module instanceof MultiheadAttention)
      count = [...module.parameters()].reduce((sum, parameter) => sum + parameter.numel(), 0);
    else for (const child of module.children()) count += rest(child);
    if (module === root || count < minNumParams || module instanceof ModuleList || module instanceof ModuleDict)
      return count;
    parts.push(module);
    return 0;
  };
  rest(root);
  return parts;
}
