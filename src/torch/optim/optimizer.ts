import type { z } from "zod";
import { parseWith, show } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { camelToSnake } from "../../utils/names.ts";
import { enableGrad, noGrad } from "../autograd.ts";
import { scope } from "../scope.ts";
import { tuple } from "../serialization/python-values.ts";
import { Tensor } from "../tensor.ts";
import type { OptimizerStateDict, ParamGroup, Params } from "./param-group.ts";
import { entriesOf, type ParamState, readGroup, readState } from "./saved-state.ts";

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
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * using optimizer: torch.optim.Optimizer<{ lr: number }> = new torch.optim.SGD(layer.parameters(), { lr: 0.1 });
 * for (const group of optimizer.paramGroups) group.lr /= 2;
 * console.log(optimizer.paramGroups.map(({ lr, params }) => [lr, params.length])); // → [ [ 0.05, 2 ] ]
 * ```
 */
export abstract class Optimizer<O extends object = object> implements Disposable {
  /** Live: change `lr` here and the next step uses it. */
  readonly paramGroups: ParamGroup<O>[] = [];
  /** The options of groups that do not override them. */
  readonly defaults: Readonly<O>;
  protected readonly states = new Map<Tensor, ParamState>();
  /** States without the shape of their parameter: a single number each. */
  protected readonly scalarStates: readonly string[] = ["step"];
  readonly #name: string;
  readonly #schema: z.ZodType<O & CommonOptions>;
  readonly #options: object;

  /** `schema` lists the options in PyTorch's order, which is their order in state dicts. */
  constructor(name: string, schema: z.ZodType<O & CommonOptions>, params: Params<O>, options: object) {
    const defaults = parseWith(schema, options, name);
    this.#name = name;
    this.#schema = schema;
    this.#options = options;
    this.defaults = defaults;
    for (const group of groupsOf<O>(name, params)) this.#addGroup(group);
    if (this.paramGroups.length === 0) throw new ConfigError(`${name}: there are no parameters to optimize.`);
  }

  /**
   * Adds parameters, with options of their own, to those that the next steps update: for layers that are unfrozen later.
   *
   * @throws ConfigError when a parameter is in a group already, or an option is not known; nothing is added then.
   * @example
   * ```ts
   * using body = new torch.nn.Linear(4, 2);
   * using head = new torch.nn.Linear(2, 1);
   * const adam = new torch.optim.Adam(head.parameters(), { lr: 1e-3 });
   * adam.addParamGroup({ params: body.parameters(), lr: 1e-5 });
   * console.log(adam.paramGroups.map(({ lr }) => lr)); // → [ 0.001, 0.00001 ]
   * ```
   */
  addParamGroup(group: { readonly params: Iterable<Tensor>; readonly name?: string | undefined } & Partial<O>): void {
    this.#addGroup({ ...group });
  }

  /** Makes what a parameter's state lacks. */
  protected abstract initState(group: ParamGroup<O>, param: Tensor, state: ParamState): void;
  /** Updates parameters of one dtype on one device. Runs without gradients and in a scope. */
  protected abstract update(group: ParamGroup<O>, updates: readonly Update[]): void;

  #addGroup(given: Record<string, unknown>): void {
    const name = this.#name;
    const { params: iterable, name: groupName, ...overrides } = given;
    if (typeof iterable !== "object" || iterable === null || !(Symbol.iterator in iterable)) {
      throw new ConfigError(`${name}: 'params' of a group got ${show(iterable)}. Expected tensors.`);
    }
    const params = [...(iterable as Iterable<Tensor>)];
    const parsed = parseWith(this.#schema, { ...this.#options, ...overrides }, name);
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
   * parameter; an option that is a tensor of one element becomes its number.
   * @throws ConfigError if groups, options or the shapes of states do not fit, leaving the optimizer as it was.
   */
  loadStateDict(dict: { state?: unknown; param_groups?: unknown }): void {
    const groups = dict.param_groups;
    if (!Array.isArray(groups)) throw new ConfigError("loadStateDict: 'param_groups' is missing.");
    const declared = Object.keys(this.defaults);
    const saved = groups.map((group, i) =>
      readGroup(group, `loadStateDict: group ${i} of ${this.#name}`, { schema: this.#schema, declared }),
    );
    const sizes = saved.map(({ numbers }) => numbers.length).join(", ");
    const own = this.paramGroups.map((group) => group.params.length).join(", ");
    if (sizes !== own) {
      throw new ConfigError(
        `loadStateDict: the saved groups have ${sizes || "no"} parameters, this optimizer's have ${own}.`,
      );
    }
    const params = this.paramGroups.flatMap((group) => group.params);
    const position = new Map(saved.flatMap(({ numbers }) => numbers).map((number, i) => [String(number), params[i]]));
    const states = new Map<Tensor, ParamState>();
    try {
      for (const [number, values] of entriesOf(dict.state)) {
        const param = position.get(String(number));
        if (param !== undefined)
          states.set(param, readState(param, values, `parameter ${String(number)}`, this.scalarStates));
      }
    } catch (error) {
      for (const state of states.values()) for (const held of Object.values(state)) held.dispose();
      throw error;
    }
    for (const [param, state] of states) {
      this.#disposeState(param);
      this.states.set(param, state);
    }
    for (const [i, group] of this.paramGroups.entries()) Object.assign(group, saved[i]?.options);
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

function groupsOf<O extends object>(name: string, params: Params<O>): Record<string, unknown>[] {
  if (typeof params !== "object" || params === null || !(Symbol.iterator in params)) {
    const hint = typeof params === "function" ? " Write model.parameters(), with the parentheses." : "";
    throw new ConfigError(`${name}: the parameters got ${show(params)}. Expected tensors, or groups of them.${hint}`);
  }
  const items: unknown[] = [...(params as Iterable<unknown>)];
  if (items.length === 0) return [];
  if (items[0] instanceof Tensor) return [{ params: items }];
  return items.map((item) => {
    if (typeof item === "object" && item !== null && !Array.isArray(item)) return { ...item };
    throw new ConfigError(`${name}: a group of parameters got ${show(item)}. Expected { params, …options }.`);
  });
}
