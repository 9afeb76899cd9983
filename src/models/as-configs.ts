/**
 * The configs of objects that were passed as they are: what a MAPS records of them, so that they can be made again. Whatever
 * is not exactly what the config would make has none.
 */
import { type LossConfig, type LossFunction, lossRegistry } from "../losses/index.ts";
import { type AnyNetworkConfig, networkRegistry } from "../networks/index.ts";
import { type Optimizer, type OptimizerConfig, optimizerRegistry } from "../optim/index.ts";
import { nn, random, Tensor } from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import type { Registrable } from "../utils/registry.ts";
import { type Structure, sameStructure, structureOf } from "./structure.ts";

/** The config that a network of this package remembers; null for another one, or one that was changed since. */
export function configOfNetwork(network: nn.AnyModule): AnyNetworkConfig | null {
  const config: unknown = (network as { readonly config?: unknown }).config;
  const known = typeof config === "object" && config !== null && networkRegistry.has(config) ? config : null;
  return known !== null && sameStructure(structureOf(network), structureOfBuilt(known)) ? known : null;
}

/** Builds the network to look at it; no random number is used up. */
function structureOfBuilt(config: AnyNetworkConfig): Structure {
  return random.fork(() => {
    using network = config.getObject();
    return structureOf(network);
  });
}

/** The config that a loss or an optimizer with these options has; null where it has other ones. */
function configWith<T>(Class: Registrable<T> | undefined, options: object): T | null {
  if (Class?.schema === undefined) return null;
  const known = Object.keys(Class.schema.shape).filter((option) => option in options);
  const given = known.map((option) => [option, asOption(Reflect.get(options, option))] as const);
  try {
    return Class.fromOptions(Object.fromEntries(given));
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

function asOption(value: unknown): unknown {
  return value instanceof Tensor ? value.toArray() : value;
}

/** The config of a loss of `torch.nn`. */
export function configOfLoss(loss: LossFunction): LossConfig | null {
  if (!(loss instanceof nn.Module)) return null;
  // those of this package remember theirs
  const remembered: unknown = (loss as { readonly config?: unknown }).config;
  const known = typeof remembered === "object" && remembered !== null && lossRegistry.has(remembered);
  const config = known ? remembered : configWith(lossRegistry.get(loss.constructor.name), loss);
  if (config === null) return null;
  using again = config.getObject();
  const buffers = (module: nn.AnyModule) => JSON.stringify([...module.stateDict()].map(([k, v]) => [k, v.toArray()]));
  const options = (module: object) => JSON.stringify(Object.entries(module).filter(([, v]) => !(v instanceof Tensor)));
  const same =
    sameStructure(structureOf(loss), structureOf(again)) &&
    buffers(loss) === buffers(again) &&
    options({ ...loss, training: true }) === options({ ...again, training: true });
  return same ? config : null;
}

/** The config of an optimizer of `torch.optim` that moves all of a model's parameters in one group. */
export function configOfOptimizer(
  optimizer: Optimizer,
  network: nn.Module,
  extra: readonly nn.Parameter[],
): OptimizerConfig | null {
  const [group, ...others] = optimizer.paramGroups;
  if (group === undefined || others.length > 0) return null;
  const name = optimizer.constructor.name;
  const Class = optimizerRegistry.get(name);
  const config = configWith(Class, group);
  if (config === null) return null;
  using again = config.getObject(network, extra);
  const [theirs] = again.paramGroups;
  if (again.constructor !== optimizer.constructor || theirs === undefined) return null;
  const sameParameters =
    theirs.params.length === group.params.length && theirs.params.every((p, i) => p === group.params[i]);
  return sameParameters && optionsOf(theirs) === optionsOf(group) ? config : null;
}

function optionsOf({ params: _, ...options }: { readonly params: readonly unknown[] }): string {
  return JSON.stringify(Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1)));
}
