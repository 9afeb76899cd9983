/** `torch.nn.utils.parametrize`: a parameter of a module is computed from another one, whenever it is asked for. */
import { show } from "../../utils/config.ts";
import { camelToSnake } from "../../utils/names.ts";
import { type Given, knownOptions } from "../arguments.ts";
import { noGrad } from "../autograd.ts";
import { scope } from "../scope.ts";
import { Tensor } from "../tensor.ts";
import { ModuleDict } from "./containers.ts";
import { type AnyModule, Module } from "./module.ts";
import { Parameter } from "./parameter.ts";
import { copyOf, type Parametrization, ParametrizationList } from "./parametrization-list.ts";

export { type Parametrization, ParametrizationList } from "./parametrization-list.ts";

/** What is known of a module with parametrised tensors. */
interface Parametrized {
  readonly dict: ModuleDict<ParametrizationList>;
  /** What was computed for the call of `forward` that is going on. */
  made: Tensor[] | null;
}
const known = new WeakMap<AnyModule, Parametrized>();

let cache: Map<ParametrizationList, Tensor> | null = null;
let caching = 0;

/** The dictionary goes by the names of the state dict. */
const keyOf = (name: string): string => camelToSnake(name);

export interface RegisterParametrizationOptions {
  /** Whether the parametrisation may change shape or dtype; default false. */
  readonly unsafe?: boolean | undefined;
}

/**
 * From now on `module[name]` is what `parametrization` computes from the parameter that was there. In the state dict that
 * one is `parametrizations.<name>.original`, as in PyTorch. A second one is applied to what the first one gives.
 *
 * The tensor is computed each time it is asked for, and within `forward` disposed with it; elsewhere it belongs to the open
 * scope, or to the caller. Assigning to it needs `rightInverse`.
 *
 * @throws TypeError where the module has no such parameter, or another shape or dtype would come of it; nothing has changed then
 * @example
 * ```ts
 * class Symmetric extends torch.nn.Module {
 *   override forward(x: torch.Tensor): torch.Tensor {
 *     return x.triu().add(x.triu(1).t());
 *   }
 * }
 * using scope = torch.scope();
 * const linear = new torch.nn.Linear(3, 3);
 * torch.nn.utils.parametrize.registerParametrization(linear, "weight", new Symmetric());
 * console.log(linear.weight.equal(linear.weight.t())); // → true
 * ```
 */
export function registerParametrization<M extends AnyModule>(
  module: M,
  name: string,
  parametrization: Parametrization,
  ...options: Given<RegisterParametrizationOptions>
): M {
  const { unsafe = false } = knownOptions("registerParametrization", options, ["unsafe"]);
  if (!(parametrization instanceof Module))
    throw new TypeError(
      `registerParametrization: the parametrization got ${show(parametrization)}. Expected a Module.`,
    );
  parametrization.train(module.training);
  const there = known.get(module)?.dict.get(keyOf(name));
  if (there === undefined) register(module, name, parametrization, unsafe);
  else append(module, there, name, parametrization, unsafe);
  return module;
}

function append(
  module: AnyModule,
  list: ParametrizationList,
  name: string,
  parametrization: Parametrization,
  unsafe: boolean,
): void {
  if (!unsafe) {
    using _ = noGrad();
    using _scope = scope();
    const before = list.call();
    checkSame(module, name, before, parametrization.call(before));
  }
  list.append(parametrization);
  list.unsafe ||= unsafe;
}

function register(module: AnyModule, name: string, parametrization: Parametrization, unsafe: boolean): void {
  const original: unknown = Reflect.get(module, name);
  if (!(original instanceof Parameter)) {
    throw new TypeError(
      `registerParametrization: '${name}' of ${module.constructor.name} is ${show(original)}. Expected a parameter (buffers cannot be parametrised here).`,
    );
  }
  using saved = copyOf(original);
  const list = new ParametrizationList([parametrization], original, unsafe);
  try {
    if (!unsafe) {
      using _ = noGrad();
      using _scope = scope();
      checkSame(module, name, saved, list.call());
    }
  } catch (error) {
    if (list.single === null) for (const each of list.originals) each.dispose();
    else original.setData(saved);
    throw error;
  }
  const state = known.get(module) ?? begin(module);
  state.dict.addModule(keyOf(name), list);
  if (list.single === null) original.dispose();
  // the parameter is the list's from now on, and a property that is computed is none of the module's parameters
  Reflect.deleteProperty(module, name);
  Object.defineProperty(module, name, {
    get: () => computedOf(state, list),
    set: (value: unknown) => {
      if (!(value instanceof Tensor))
        throw new TypeError(`'${name}' of ${module.constructor.name} got ${show(value)}. Expected a Tensor.`);
      list.assign(value);
    },
    enumerable: false,
    configurable: true,
  });
}

function checkSame(module: AnyModule, name: string, before: Tensor, after: Tensor): void {
  const [a, b] = [before, after].map(({ shape, dtype }) => `${dtype} of shape [${shape.join(", ")}]`);
  if (a === b) return;
  throw new TypeError(
    `registerParametrization: '${name}' of ${module.constructor.name} is ${a}, and its parametrization gives ${b}. If that is meant, pass { unsafe: true }.`,
  );
}

/** The module's first parametrised tensor. */
function begin(module: AnyModule): Parametrized {
  const state: Parametrized = { dict: new ModuleDict<ParametrizationList>(), made: null };
  module.addModule("parametrizations", state.dict);
  const { forward } = module;
  Object.defineProperty(module, "forward", {
    value: (...inputs: never[]) => {
      const outer = state.made;
      const made: Tensor[] = [];
      state.made = made;
      let output: unknown;
      try {
        output = forward.apply(module, inputs);
        return output;
      } finally {
        state.made = outer;
        for (const each of made) if (!isPartOf(output, each) && !each.kept) each.dispose();
      }
    },
    enumerable: false,
    configurable: true,
    writable: true,
  });
  known.set(module, state);
  return state;
}

function isPartOf(output: unknown, tensor: Tensor): boolean {
  return output === tensor || (Array.isArray(output) && output.some((each) => isPartOf(each, tensor)));
}

function computedOf(state: Parametrized, list: ParametrizationList): Tensor {
  const cached = cache?.get(list);
  if (cached !== undefined) return cached;
  const value = list.call();
  if (cache !== null) cache.set(list, value.keep());
  // an original that is given as it is belongs to the module
  else if (!value.kept) state.made?.push(value);
  return value;
}

/**
 * Within it each parametrised tensor is computed once, whatever asks for it, and disposed at its end. What changes an
 * original in between is not seen.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const linear = torch.nn.utils.parametrizations.weightNorm(new torch.nn.Linear(3, 3));
 * {
 *   using _ = torch.nn.utils.parametrize.cached(); // the weight is computed once
 *   for (const x of [torch.ones([3]), torch.zeros([3])]) linear.call(x);
 * }
 * ```
 */
export function cached(): Disposable {
  cache ??= new Map();
  caching++;
  let open = true;
  return {
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      if (--caching > 0) return;
      for (const [list, value] of cache ?? []) list.drop(value);
      cache = null;
    },
  };
}

/**
 * Whether the module has a parametrised tensor, or that one.
 * @example
 * ```ts
 * using layer = torch.nn.utils.parametrizations.weightNorm(new torch.nn.Linear(4, 2));
 * console.log(torch.nn.utils.parametrize.isParametrized(layer, "weight")); // → true
 * console.log(torch.nn.utils.parametrize.isParametrized(layer, "bias")); // → false
 * ```
 */
export function isParametrized(module: AnyModule, name?: string): boolean {
  const dict = known.get(module)?.dict;
  return dict !== undefined && (name === undefined || dict.has(keyOf(name)));
}

export interface RemoveParametrizationsOptions {
  /** Whether the parameter keeps what was computed (default), or takes the original again. */
  readonly leaveParametrized?: boolean | undefined;
}

/**
 * Makes `module[name]` a parameter again. Where there was one original, it is that very object.
 *
 * @throws TypeError where it is not parametrised, or its originals are several and `leaveParametrized` is false
 * @example
 * ```ts
 * using layer = torch.nn.utils.parametrizations.weightNorm(new torch.nn.Linear(4, 2));
 * torch.nn.utils.parametrize.removeParametrizations(layer, "weight");
 * console.log([...layer.stateDict().keys()]); // → [ 'bias', 'weight' ]
 * ```
 */
export function removeParametrizations<M extends AnyModule>(
  module: M,
  name: string,
  ...options: Given<RemoveParametrizationsOptions>
): M {
  const { leaveParametrized = true } = knownOptions("removeParametrizations", options, ["leaveParametrized"]);
  const state = known.get(module);
  const list = state?.dict.get(keyOf(name));
  if (state === undefined || list === undefined)
    throw new TypeError(`removeParametrizations: '${name}' of ${module.constructor.name} is not parametrised.`);
  const { single } = list;
  if (single === null && !leaveParametrized) {
    throw new TypeError(
      `removeParametrizations: '${name}' is computed from several tensors, so that it cannot be left as the original was.`,
    );
  }
  const parameter = leaveParametrized ? settled(list) : single;
  const computed = cache?.get(list);
  if (computed !== undefined) list.drop(computed);
  cache?.delete(list);
  for (const step of list.steps) step.dispose();
  Reflect.deleteProperty(module, name);
  state.dict.pop(keyOf(name));
  module.registerParameter(name, parameter);
  if (state.dict.length > 0) return module;
  known.delete(module);
  // the class's own again
  Reflect.deleteProperty(module, "forward");
  Reflect.deleteProperty(module, "parametrizations");
  return module;
}

/** A parameter with what the list computes: its original, or a new one in place of several. */
function settled(list: ParametrizationList): Parameter {
  using _ = noGrad();
  using _scope = scope();
  const computed = list.call();
  const { single } = list;
  if (single !== null) {
    if (computed !== single) single.setData(copyOf(computed));
    return single;
  }
  const requiresGrad = list.originals.some((original) => original.requiresGrad);
  const parameter = new Parameter(copyOf(computed), requiresGrad);
  for (const original of list.originals) original.dispose();
  return parameter;
}
