/** The weights of a module, sharded over processes: gathered part by part while it runs, forwards and backwards. */
import { ConfigError } from "../../../utils/exceptions.ts";
import { isGradEnabled, noGrad } from "../../autograd.ts";
import { tensor } from "../../creation.ts";
import type { ProcessGroup } from "../../distributed/process-group.ts";
import { native } from "../../native.ts";
import * as ops from "../../ops.ts";
import type { OptimizerStateDict } from "../../optim/param-group.ts";
import { entriesOf } from "../../optim/saved-state.ts";
import { scope } from "../../scope.ts";
import { Tensor } from "../../tensor.ts";
import type { HookHandle } from "../hooks.ts";
import type { AnyModule } from "../module.ts";
import type { Parameter } from "../parameter.ts";
import { hasGradients } from "../recompute.ts";
import { Order } from "./order.ts";
import { ShardUnit } from "./shard-unit.ts";
import { parametersOf } from "./wrap-policy.ts";

export interface ShardsOptions {
  /** Whether gradients become the mean of the processes' (default), or their sum. */
  readonly average?: boolean | undefined;
}

/** What {@link Shards} needs of an optimizer. */
export interface ShardedOptimizer {
  readonly paramGroups: readonly { readonly params: readonly Tensor[] }[];
  stateDict(): OptimizerStateDict;
  loadStateDict(dict: { state?: unknown; param_groups?: unknown }): void;
}

/** A part of the module whose weights are gathered together. */
interface Part {
  readonly units: readonly ShardUnit[];
  /** How many of its calls the backward pass has entered, and not left. */
  active: number;
}

/**
 * The weights of a module, its gradients, and by them the states of optimizers, sharded over processes: fully sharded data parallel
 * (Rajbhandari et al. 2020, arXiv 1910.02054; Zhao et al. 2023, arXiv 2304.11277). Each of `parts` is gathered when it is called, and
 * when the backward pass comes to it, and released after; what is in none of them, from {@link runs} to the end of its call, and of the
 * backward pass.
 *
 * Optimizers see the same parameters: vectors of the elements that this process holds, which may be empty.
 */
export class Shards implements Disposable {
  readonly #group: ProcessGroup;
  readonly #factor: number;
  /** The first is the rest of the module. */
  readonly #parts: readonly Part[];
  readonly #unitOf = new Map<Tensor, ShardUnit>();
  readonly #hooks: HookHandle[] = [];
  /** In which order parts are run, forwards and backwards: the weights of the next are on their way while one computes. */
  readonly #forwards = new Order<Part>();
  readonly #backwards = new Order<Part>();
  #isSharded = false;
  #inBackward = false;
  #isClosed = false;

  /** The weights stay whole until {@link shard}. @param parts innermost first or last, in the same order in all processes. */
  constructor(
    group: ProcessGroup,
    module: AnyModule,
    parts: readonly AnyModule[],
    { average = true }: ShardsOptions = {},
  ) {
    this.#group = group;
    this.#factor = average ? 1 / group.size : 1;
    const owned = parametersOf(module, new Set(parts));
    this.#parts = [module, ...parts].map((one) => ({ units: this.#unitsOf(owned.get(one) ?? []), active: 0 }));
    for (const [i, one] of parts.entries()) {
      const { [i + 1]: part } = this.#parts;
      if (part !== undefined) this.#observe(one, part);
    }
  }

  #unitsOf(parameters: readonly Parameter[]): ShardUnit[] {
    const byType = Map.groupBy(parameters, ({ dtype }) => dtype);
    return [...byType.values()].map((some) => {
      const unit = new ShardUnit(this.#group, some);
      for (const parameter of some) this.#unitOf.set(parameter, unit);
      return unit;
    });
  }

  /** Whether each process holds its part only. */
  get isSharded(): boolean {
    return this.#isSharded;
  }

  /** Keeps only what each process holds. */
  shard(): void {
    this.#abandon();
    for (const unit of this.#units()) unit.shard();
    this.#isSharded = true;
  }

  /** Makes all weights whole in each process, for as long as they are not sharded again. Gradients stay sharded. */
  unshard(): void {
    this.#abandon();
    for (const unit of this.#units()) unit.unshard();
    this.#isSharded = false;
  }

  *#units(): Generator<ShardUnit> {
    for (const { units } of this.#parts) yield* units;
  }

  /** Gathers a part around each of its calls, and around its backward pass. */
  #observe(module: AnyModule, part: Part): void {
    if (part.units.length === 0) return;
    const before = module.registerForwardPreHook((_, inputs) => {
      if (this.#isSharded) this.#enter(module.constructor.name, part, inputs);
      return undefined;
    });
    const after = module.registerForwardHook((_module, _inputs, output) => {
      if (this.#isSharded) this.#leave(part, output);
    });
    this.#hooks.push(before, after);
  }

  #enter(name: string, part: Part, inputs: readonly unknown[]): void {
    if (!isGradEnabled() && hasGradients(false)) {
      throw new ConfigError(
        `${name}: a part whose weights are sharded is run by torch.utils.checkpoint, which would not find them in the backward pass. Call checkpoint within that part, or shard one around it.`,
      );
    }
    for (const unit of part.units) unit.gather();
    if (!this.#inBackward) this.#beginNext(this.#forwards, part);
    if (!isGradEnabled()) return;
    const learns = tensorsIn(inputs).filter((input) => input.requiresGrad);
    const [first] = learns;
    // its gradient is known when all that used it has been passed: with several, it would be by the last of them
    if (learns.length === 1) first?.registerHook(() => this.#passed(part));
  }

  /** All processes run the same parts in the same order, and so begin the same. */
  #beginNext(order: Order<Part>, part: Part): void {
    for (const unit of order.after(part)?.units ?? []) unit.beginGather();
  }

  #leave(part: Part, output: unknown): void {
    if (isGradEnabled()) this.#announce(part, output);
    if (part.active === 0) for (const unit of part.units) unit.release();
  }

  /** The backward pass comes to a part by one of its outputs. */
  #announce(part: Part, output: unknown): void {
    let entered = false;
    for (const one of tensorsIn(output)) {
      if (!one.requiresGrad) continue;
      one.registerHook(() => {
        this.#beginBackward();
        for (const unit of part.units) unit.expectGradients();
        if (entered) return undefined;
        entered = true;
        part.active++;
        this.#beginNext(this.#backwards, part);
        return undefined;
      });
    }
  }

  /** The backward pass has gone through a call of a part. */
  #passed(part: Part): undefined {
    if (!this.#inBackward) return;
    part.active--;
    if (part.active > 0) return;
    part.active = 0;
    for (const unit of part.units) if (unit.expects) unit.reduce();
  }

  /**
   * Runs the module: what is in none of the parts is whole meanwhile.
   * @param body gives what backward passes begin from.
   */
  runs<T>(body: () => T): T {
    if (!this.#isSharded) return body();
    const [rest] = this.#parts;
    if (rest === undefined) return body();
    // of a backward pass before that has thrown
    this.#abandon();
    this.#forwards.begin();
    for (const unit of rest.units) unit.gather();
    try {
      const output = body();
      if (isGradEnabled()) this.#announce(rest, output);
      return output;
    } finally {
      // and what was begun and not run
      for (const unit of this.#units()) unit.release();
    }
  }

  /** At the first of the outputs, which is met before all else. */
  #beginBackward(): void {
    if (this.#inBackward) return;
    this.#inBackward = true;
    this.#backwards.begin();
    native.atBackwardEnd(() => this.#endBackward());
  }

  #endBackward(): void {
    using _scope = scope();
    using _grad = noGrad();
    const units = [...this.#units()];
    // those whose inputs have no gradient, and the rest
    for (const unit of units) {
      if (unit.expects) unit.reduce();
      else unit.release();
    }
    const flags = units.flatMap(({ used }) => used.map(Number));
    const used = tensor(flags, { dtype: "float32" });
    this.#group.allReduceNow(used);
    const counts = [...used.toTypedArray()].map(Number);
    for (const unit of units) {
      const own = counts.splice(0, unit.parameters.length);
      unit.settle(
        own.map((count) => count > 0),
        this.#factor,
      );
    }
    for (const part of this.#parts) part.active = 0;
    this.#inBackward = false;
  }

  #abandon(): void {
    if (!this.#inBackward) return;
    for (const unit of this.#units()) unit.abandon();
    for (const part of this.#parts) part.active = 0;
    this.#inBackward = false;
  }

  /** Which process is gone, or has failed, where an error of a call or a backward pass is that. */
  async explain(error: unknown): Promise<unknown> {
    return await this.#group.explain("backward", error);
  }

  /** The norm of the gradients of all processes together; 0 where there are none. Belongs to the open scope. */
  gradientNorm(type: number): Tensor {
    using _grad = noGrad();
    const gradients = [...this.#unitOf.keys()].flatMap((parameter) => parameter.grad ?? []);
    const norms = gradients
      .filter((gradient) => gradient.numel() > 0)
      .map((gradient) => ops.linalgVectorNorm(gradient, type));
    const own = norms.length === 0 ? tensor(0) : ops.linalgVectorNorm(ops.stack(norms), type);
    const all = ops.zeros([this.#group.size], { dtype: own.dtype });
    ops.narrow(all, 0, this.#group.rank, 1).copy_(own);
    this.#group.allReduceNow(all);
    return ops.linalgVectorNorm(all, type);
  }

  /** Limits the norm of the gradients of all processes together, as `torch.nn.utils.clipGradNorm_` does. @returns the norm before. */
  clipGradNorm_(maxNorm: number, normType: number): Tensor {
    using own = scope();
    using _grad = noGrad();
    const total = this.gradientNorm(normType);
    const factor = ops.clamp(ops.mul(ops.reciprocal(ops.add(total, 1e-6)), maxNorm), null, 1);
    for (const parameter of this.#unitOf.keys()) parameter.grad?.mul_(factor);
    return own.keep(total);
  }

  /** The state of an optimizer with whole tensors, as of one process: all processes give their part. Belongs to the open scope. */
  optimizerStateDict(optimizer: ShardedOptimizer): OptimizerStateDict {
    const { state, param_groups } = optimizer.stateDict();
    const parameters = optimizer.paramGroups.flatMap(({ params }) => params);
    const whole = [...state].map(([number, values]): [number, Record<string, unknown>] => {
      const { [number]: parameter } = parameters;
      return [number, this.#mapState(parameter, values, (unit, one, value) => unit.wholeOf(one, value))];
    });
    return { state: new Map(whole), param_groups };
  }

  /** Gives an optimizer this process' part of a state with whole tensors. */
  loadOptimizerStateDict(
    optimizer: ShardedOptimizer,
    dict: { readonly state?: unknown; readonly param_groups?: unknown },
  ): void {
    using _scope = scope();
    const parameters = optimizer.paramGroups.flatMap(({ params }) => params);
    const groups = Array.isArray(dict.param_groups) ? dict.param_groups : [];
    const numbers = groups.flatMap((group) =>
      entriesOf(group).flatMap(([key, value]) => (key === "params" ? value : [])),
    );
    const parts = entriesOf(dict.state).map(([number, values]) => {
      const parameter = parameters[numbers.map(String).indexOf(String(number))];
      const own = Object.fromEntries(entriesOf(values));
      return [number, this.#mapState(parameter, own, (unit, one, value) => unit.partOf(one, value))] as const;
    });
    const wasSharded = this.#isSharded;
    this.shard();
    optimizer.loadStateDict({ ...dict, state: new Map(parts) });
    if (!wasSharded) this.unshard();
  }

  /** Tensors of the shape of a parameter; others, such as the number of steps, are in each process. */
  #mapState(
    parameter: Tensor | undefined,
    values: Record<string, unknown>,
    change: (unit: ShardUnit, parameter: Tensor, value: Tensor) => Tensor,
  ): Record<string, unknown> {
    const unit = parameter === undefined ? undefined : this.#unitOf.get(parameter);
    if (unit === undefined || parameter === undefined) return values;
    const change1 = (value: unknown) =>
      value instanceof Tensor && value.ndim > 0 ? change(unit, parameter, value) : value;
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change1(value)]));
  }

  /** Gives up what the others hold, because they cannot be asked for it any more: weights that are not whole become NaN. */
  lose(): void {
    for (const unit of this.#units()) unit.lose();
    this.#isSharded = false;
  }

  /** The weights stay, whole. All processes call it, unless they were lost. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const hook of this.#hooks) hook.remove();
    this.unshard();
    for (const unit of this.#units()) unit[Symbol.dispose]();
  }
}

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (value instanceof Map || value instanceof Set || Array.isArray(value))
    return [...value.values()].flatMap(tensorsIn);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}
