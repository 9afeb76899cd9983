import type { nn } from "../../torch/index.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { ELSE, isPerGroup, WEIGHTS } from "./per-group.ts";

/**
 * The parameters under a path of the network: a layer, a block (`"mlp.output"`) or one parameter (`"conv1.bias"`).
 * @throws ConfigError when the network has nothing of that name.
 * @example
 * ```ts
 * const cnn = network.getObject();
 * console.log(parametersUnder(cnn, "mlp").length); // → 2
 * ```
 */
export function parametersUnder(network: nn.Module, path: string): nn.Parameter[] {
  const all = [...network.namedParameters()];
  const found = all.filter(([name]) => name === path || name.startsWith(`${path}.`)).map(([, parameter]) => parameter);
  if (found.length > 0) return found;
  const modules = [...network.namedModules()].map(([name]) => name).filter((name) => name !== "");
  if (modules.includes(path)) return [];
  throw new ConfigError(
    `There is no layer or parameter '${path}' in the network ${network.constructor.name}. ` +
      `Names are relative to the network: ${[...network.namedChildren()].map(([name]) => `'${name}'`).join(", ")}, and what they hold.`,
  );
}

/** One group of parameters with the options that are its own. */
export interface ParameterGroup {
  params: nn.Parameter[];
  name: string;
  [option: string]: unknown;
}

/**
 * Sorts options into those of all parameters and those of groups.
 * A group is a path, or `"WEIGHTS"`: what has two or more dimensions and is under none of the paths.
 * Groups are in the order of their names, then comes "ELSE" (absent if every parameter is in a group).
 * @param extra parameters beyond the network's, for the last group.
 */
export function splitByGroup(
  options: Readonly<Record<string, unknown>>,
  network: nn.Module,
  extra: readonly nn.Parameter[],
): { groups: ParameterGroup[] | null; common: Record<string, unknown> } {
  const own = new Map<string, Record<string, unknown>>();
  const common: Record<string, unknown> = {};
  for (const [option, value] of Object.entries(options)) {
    if (!isPerGroup(value)) {
      common[option] = value;
      continue;
    }
    for (const [group, v] of Object.entries(value)) {
      if (group === ELSE) common[option] = v;
      else own.set(group, { ...own.get(group), [option]: v });
    }
  }
  if (own.size === 0) return { groups: null, common };

  const groups: ParameterGroup[] = [];
  const taken = new Map<nn.Parameter, string>();
  // a layer of the network may be called so
  const rule = own.has(WEIGHTS) && ![...network.namedChildren()].some(([name]) => name === WEIGHTS);
  for (const name of [...own.keys()].filter((key) => !rule || key !== WEIGHTS).sort()) {
    const params = parametersUnder(network, name);
    for (const parameter of params) {
      const other = taken.get(parameter);
      if (other !== undefined)
        throw new ConfigError(
          `The parameter groups '${other}' and '${name}' overlap. Give each parameter to one group.`,
        );
      taken.set(parameter, name);
    }
    groups.push({ ...own.get(name), params, name });
  }
  if (rule) {
    const params = [...network.parameters()].filter((parameter) => !taken.has(parameter) && parameter.dim() > 1);
    for (const parameter of params) taken.set(parameter, WEIGHTS);
    groups.push({ ...own.get(WEIGHTS), params, name: WEIGHTS });
    groups.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  const rest = [...network.parameters(), ...extra].filter((parameter) => !taken.has(parameter));
  if (rest.length > 0) groups.push({ params: rest, name: ELSE });
  return { groups, common };
}
