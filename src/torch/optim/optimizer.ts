import type { z } from "zod";
import { parseWith } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { camelToSnake, snakeToCamel } from "../../utils/names.ts";
import { enableGrad, noGrad } from "../autograd.ts";
import { tensor } from "../creation.ts";
import { scope } from "../scope.ts";
import { tuple } from "../serialization/python-values.ts";
import { Tensor } from "../tensor.ts";
import { isFloatingPoint } from "../types.ts";
import type { OptimizerStateDict, ParamGroup, Params } from "./param-group.ts";

/** What an optimizer remembers of one parameter; PyTorch's names. */
export type ParamState = Record<string, Tensor>;

/** A parameter that has a gradient, with both, in one step. */
export interface Update {
  readonly param: Tensor;
  readonly grad: Tensor;
  readonly state: ParamState;
}

/** Options that every optimizer of PyTorch has, and that name an implementation rather than an algorithm. */
interface CommonOptions {
  foreach: boolean | null;
  differentiable: boolean;
  fused?: boolean | null | undefined;
}

/**
 * The base of the optimizers: parameter groups, state and its form on disk.
 *
 * State is made at the first step of each parameter, on its device and in its memory layout, and belongs to the
 * optimizer: `dispose()` gives it back. Parameters are the caller's. All that a step makes besides is released by it.
 */
export abstract class Optimizer<O extends object = object> implements Disposable {
  /** Live: change `lr` here and the next step uses it. */
  readonly paramGroups: ParamGroup<O>[] = [];
  /** The options of groups that do not override them. */
  readonly defaults: Readonly<O>;
  protected readonly states = new Map<Tensor, ParamState>();

  /** `schema` lists the options in PyTorch's order, which is their order in state dicts. */
  constructor(name: string, schema: z.ZodType<O & CommonOptions>, params: Params<O>, options: object) {
    const defaults = parseWith(schema, options, name);
    this.defaults = defaults;
    for (const group of groupsOf<O>(params)) this.#addGroup(name, schema, group, options);
    if (this.paramGroups.length === 0) throw new ConfigError(`${name}: there are no parameters to optimize.`);
  }

  /** Makes what a parameter's state lacks. */
  protected abstract initState(group: ParamGroup<O>, param: Tensor, state: ParamState): void;
  /** Updates parameters of one dtype on one device. Runs without gradients and in a scope. */
  protected abstract update(group: ParamGroup<O>, updates: readonly Update[]): void;

  #addGroup(name: string, schema: z.ZodType<O & CommonOptions>, given: Record<string, unknown>, options: object): void {
    const { params: iterable, name: groupName, ...overrides } = given;
    const params = [...(iterable as Iterable<Tensor>)];
    const parsed = parseWith(schema, { ...options, ...overrides }, name);
    if (parsed.differentiable) {
      throw new ConfigError(`${name}: 'differentiable' is not offered; steps are made outside of autograd.`);
    }
    if (parsed.fused === true && parsed.foreach === true) {
      throw new ConfigError(`${name}: 'fused' and 'foreach' cannot both be true.`);
    }
    for (const param of params) this.#checkParam(name, param);
    if (new Set(params).size < params.length) throw new ConfigError(`${name}: a group lists a parameter twice.`);
    // PyTorch's order: what the group was given, then the defaults
    const all: Record<string, unknown> = { ...parsed, params, name: groupName };
    const ordered: Record<string, unknown> = { params };
    for (const key of [...Object.keys(given), ...Object.keys(parsed)]) {
      if (all[key] !== undefined) ordered[key] = all[key];
    }
    this.paramGroups.push(ordered as ParamGroup<O>);
  }

  #checkParam(name: string, param: unknown): void {
    if (!(param instanceof Tensor)) throw new ConfigError(`${name}: parameters must be tensors, got ${typeof param}.`);
    if (!param.isLeaf)
      throw new ConfigError(`${name}: a parameter is the result of a computation; only leaf tensors can be optimized.`);
    if (this.paramGroups.some((group) => group.params.includes(param))) {
      throw new ConfigError(`${name}: a parameter is in two groups.`);
    }
  }

  /**
   * One update of every parameter that has a gradient. `closure`, if any, first computes the loss and its gradients
   * again; its value is returned.
   */
  step(): undefined;
  step<T>(closure: () => T): T;
  step<T>(closure?: () => T): T | undefined {
    const loss = closure === undefined ? undefined : enableGrad(closure);
    using _scope = scope();
    using _mode = noGrad();
    for (const group of this.paramGroups) {
      for (const updates of this.#updatesOf(group)) this.update(group, updates);
    }
    return loss;
  }

  /** The parameters of a group that have gradients, by dtype and device. */
  #updatesOf(group: ParamGroup<O>): Iterable<Update[]> {
    const alike = new Map<string, Update[]>();
    for (const param of group.params) {
      const grad = param.grad;
      if (grad === null) continue;
      let state = this.states.get(param);
      if (state === undefined) {
        state = {};
        this.states.set(param, state);
      }
      this.initState(group, param, state);
      const key = `${param.dtype} ${param.device}`;
      const updates = alike.get(key);
      if (updates === undefined) alike.set(key, [{ param, grad, state }]);
      else updates.push({ param, grad, state });
    }
    return alike.values();
  }

  /** Forgets all gradients; with `setToNone: false` fills them with zeros instead. */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    const setToNone = options.setToNone ?? true;
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (setToNone) {
          param.grad = null;
          continue;
        }
        using grad = param.grad;
        using _ = noGrad();
        grad?.detach_().zero_();
      }
    }
  }

  /** Options that are not the tensors themselves, in PyTorch's form. The state's tensors are live, not copies. */
  stateDict(): OptimizerStateDict {
    const numbers = this.#numbers();
    const state = new Map<number, Record<string, unknown>>();
    for (const [param, number] of numbers) {
      const own = this.states.get(param);
      if (own !== undefined && Object.keys(own).length > 0) state.set(number, { ...own });
    }
    const param_groups = this.paramGroups.map((group) => {
      const packed: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(group)) {
        if (key !== "params") packed[camelToSnake(key)] = Array.isArray(value) ? tuple(value) : value;
      }
      packed.params = group.params.map((param) => numbers.get(param));
      return packed;
    });
    return { state, param_groups };
  }

  /**
   * Takes over a state of PyTorch's form (of Python as well). Tensors are copied, to the device and dtype of their
   * parameter. Throws {@link ConfigError} if the groups do not match, leaving the optimizer as it was.
   */
  loadStateDict(dict: { state?: unknown; param_groups?: unknown }): void {
    const groups = dict.param_groups;
    if (!Array.isArray(groups)) throw new ConfigError("loadStateDict: 'param_groups' is missing.");
    const sizes = groups.map((group) => (group.params as unknown[]).length).join(", ");
    const own = this.paramGroups.map((group) => group.params.length).join(", ");
    if (sizes !== own) {
      throw new ConfigError(
        `loadStateDict: the saved groups have ${sizes || "no"} parameters, this optimizer's have ${own}.`,
      );
    }
    const params = this.paramGroups.flatMap((group) => group.params);
    const saved = groups.flatMap((group) => group.params as unknown[]);
    const position = new Map(saved.map((number, i) => [String(number), params[i]]));
    for (const [number, values] of entriesOf(dict.state)) {
      const param = position.get(String(number));
      if (param !== undefined) this.#replaceState(param, values);
    }
    for (const [i, group] of this.paramGroups.entries()) {
      for (const [key, value] of Object.entries(groups[i] as Record<string, unknown>)) {
        if (key !== "params")
          (group as Record<string, unknown>)[snakeToCamel(key)] = Array.isArray(value) ? [...value] : value;
      }
    }
  }

  #replaceState(param: Tensor, values: unknown): void {
    using _ = noGrad();
    const state: ParamState = {};
    for (const [key, value] of entriesOf(values)) {
      // PyTorch's older files have plain numbers for steps, and null for a momentum that was never used
      if (value === null) continue;
      const name = String(key);
      if (value instanceof Tensor) {
        const cast = name !== "step" && isFloatingPoint(param.dtype);
        state[name] = value.to({ ...(cast ? { dtype: param.dtype, device: param.device } : {}), copy: true }).keep();
      } else if (typeof value === "number") state[name] = stepTensor(value);
      else throw new ConfigError(`loadStateDict: the state '${name}' is neither a tensor nor a number.`);
    }
    this.#disposeState(param);
    this.states.set(param, state);
  }

  #disposeState(param: Tensor): void {
    for (const held of Object.values(this.states.get(param) ?? {})) held.dispose();
    this.states.delete(param);
  }

  /** Parameters by their order over all groups. */
  #numbers(): Map<Tensor, number> {
    return new Map(this.paramGroups.flatMap((group) => group.params).map((param, i) => [param, i]));
  }

  /** Gives back the state; the parameters stay. */
  dispose(): void {
    for (const param of [...this.states.keys()]) this.#disposeState(param);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** As PyTorch prints it: every group with its options, sorted by name. */
  toString(): string {
    const lines = this.paramGroups.flatMap((group, i) => [
      `Parameter Group ${i}`,
      ...Object.keys(group)
        .filter((key) => key !== "params")
        .sort()
        .map((key) => `    ${camelToSnake(key)}: ${pythonText((group as Record<string, unknown>)[key])}`),
    ]);
    return `${this.constructor.name} (\n${lines.join("\n")}\n)`;
  }
}

function pythonText(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return Array.isArray(value) ? `(${value.map(pythonText).join(", ")})` : String(value);
}

function groupsOf<O extends object>(params: Params<O>): Record<string, unknown>[] {
  const items: unknown[] = [...(params as Iterable<unknown>)];
  if (items.length === 0) return [];
  return items[0] instanceof Tensor ? [{ params: items }] : (items as Record<string, unknown>[]);
}

function entriesOf(value: unknown): [unknown, unknown][] {
  if (value instanceof Map) return [...value];
  return Object.entries((value ?? {}) as object);
}

/** A step count as PyTorch keeps it: float32 without dimensions, on the CPU. */
export function stepTensor(value: number): Tensor {
  return tensor(value).keep();
}
