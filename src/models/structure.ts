import type { nn } from "../torch/index.ts";

/** All that a network computes with but for the values of its weights: its classes, options, and sizes. */
export interface Structure {
  readonly text: string;
  readonly classes: readonly unknown[];
}

/**
 * The structure of a network, whatever its device, dtype and weights. Two of the same structure compute the same from the same
 * weights.
 */
export function structureOf(network: nn.AnyModule): Structure {
  const modules = [...network.namedModules()];
  const weights = [...network.stateDict()].map(([name, { shape }]) => `${name} [${shape.join(", ")}]`);
  // those that two layers share come once
  const parameters = [...network.namedParameters()].map(([name]) => name);
  // a method that was put on one object in the place of its class's
  const replaced = modules.flatMap(([path, module]) =>
    Object.hasOwn(module, "forward") ? [`forward of '${path}'`] : [],
  );
  return {
    text: [String(network), ...weights, ...parameters, ...replaced].join("\n"),
    classes: modules.map(([, module]) => module.constructor),
  };
}

export function sameStructure(a: Structure, b: Structure): boolean {
  return a.text === b.text && a.classes.length === b.classes.length && a.classes.every((c, i) => c === b.classes[i]);
}
