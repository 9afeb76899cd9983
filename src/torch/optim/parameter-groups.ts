import { show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import type { AnyModule } from "../nn/module.ts";
import type { Parameter } from "../nn/parameter.ts";
import type { AdadeltaFields } from "./adadelta.ts";
import type { AdagradFields } from "./adagrad.ts";
import type { AdamFields } from "./adam.ts";
import type { RMSpropFields } from "./rmsprop.ts";
import type { SGDFields } from "./sgd.ts";

/** Options of the optimizers; the one that is made says which are its own. */
type GroupOptions = Partial<AdamFields & SGDFields & RMSpropFields & AdagradFields & AdadeltaFields>;

/** Which parameters are in a group, and the options that are its own. */
export type GroupRule = {
  /** Whether a parameter is in the group, by its path and itself; or a path: of a layer, a block or one parameter. */
  readonly params: string | ((name: string, parameter: Parameter) => boolean);
  /** The group's name in the state dict. */
  readonly name?: string | undefined;
} & GroupOptions;

/**
 * Groups for an optimizer, by predicate or by path. Each parameter goes to the first group that takes it; those that none
 * takes make the last group, with the optimizer's own options.
 *
 * @throws ConfigError when a group takes no parameter.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * // weight decay on weights only
 * const groups = torch.optim.parameterGroups(layer, [{ params: (name, p) => p.dim() > 1, weightDecay: 0.01 }]);
 * const adam = new torch.optim.AdamW(groups, { lr: 1e-3, weightDecay: 0 });
 * console.log(adam.paramGroups.map(({ weightDecay }) => weightDecay)); // → [ 0.01, 0 ]
 * ```
 */
export function parameterGroups(
  network: AnyModule,
  rules: readonly GroupRule[],
): ({ params: Parameter[]; name?: string | undefined } & GroupOptions)[] {
  let rest = [...network.namedParameters()];
  const groups = rules.map((rule, i) => {
    const { params: wanted, ...options } = rule;
    const takes = predicate(wanted, i);
    const params = rest.filter(([name, parameter]) => takes(name, parameter));
    rest = rest.filter((entry) => !params.includes(entry));
    if (params.length === 0) {
      throw new ConfigError(
        `parameterGroups: group ${i} (${show(wanted)}) takes none of the parameters: ${network.constructor.name} has none that fits, or an earlier group took it.`,
      );
    }
    return { ...options, params: params.map(([, parameter]) => parameter) };
  });
  const others = rest.map(([, parameter]) => parameter);
  return others.length === 0 ? groups : [...groups, { params: others }];
}

function predicate(wanted: unknown, i: number): (name: string, parameter: Parameter) => boolean {
  if (typeof wanted === "string") return (name) => name === wanted || name.startsWith(`${wanted}.`);
  if (typeof wanted === "function") return (name, parameter) => wanted(name, parameter) === true;
  throw new ConfigError(
    `parameterGroups: 'params' of group ${i} got ${show(wanted)}. Expected a path, or a function (name, parameter) => boolean.`,
  );
}
