/** Puts the generated operators on Tensor's prototype. */
import { methodNames, table } from "./generated/table.ts";
import { bind } from "./invoke.ts";
import { Tensor } from "./tensor.ts";

for (const name of methodNames) {
  const call = bind(name, table[name] ?? [], true);
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...args: unknown[]): unknown {
      return call(this, ...args);
    },
    writable: true,
    configurable: true,
  });
}
