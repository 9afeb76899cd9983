import type { nn } from "../../torch/index.ts";

/**
 * Adds a child under exactly this name, and gives it back under its own type, for a field: of the same name in a
 * `Sequential`, private in a `Module`, where a public one would be a second child.
 *
 *     this.encoder = child(this, "encoder", new CNN(options));
 */
export function child<M extends nn.AnyModule>(
  parent: { addModule(name: string, module: NoInfer<M>): void },
  name: string,
  module: M,
): M {
  parent.addModule(name, module);
  return module;
}
