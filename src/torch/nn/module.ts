import { camelToSnake } from "../../utils/names.ts";
import { noGrad } from "../autograd.ts";
import { conversion } from "../conversion.ts";
import * as ops from "../ops.ts";
import { Tensor } from "../tensor.ts";
import type { MemoryFormat } from "../types.ts";
import { convertTensor, type ModuleToOptions } from "./convert.ts";
import { indentAfterFirst } from "./format.ts";
import { type GradientHook, type HookHandle, Hooks, type PostHook, type PreHook } from "./hooks.ts";
import { Parameter } from "./parameter.ts";
import { refusePlainLists } from "./plain-lists.ts";
import { type IncompatibleKeys, loadStateDict, type StateDict } from "./state-dict.ts";
import { structureChanged } from "./structure.ts";

/** A module of any inputs and output. */
export type AnyModule = Module<never[], unknown>;

/** A module with one tensor in and one out, as `Sequential` chains them. */
export type Layer = Module<[Tensor], Tensor>;

/** Sees the inputs before `forward`; an array that it returns replaces them. */
export type ForwardPreHook = PreHook<AnyModule>;
/** Sees inputs and output after `forward`; what it returns, unless undefined, replaces the output. */
export type ForwardHook = PostHook<AnyModule>;
/** Sees the gradients of the inputs and of the outputs, null where there is none; a list that it returns replaces the first. */
export type BackwardHook = GradientHook<AnyModule>;

/**
 * A part of a network. Its properties that are `Module`s or `Parameter`s, in the order in which they are declared, are
 * its children and parameters; `registerBuffer` declares a tensor that is saved but not trained.
 *
 * In the state dict a property is named in snake_case (`logVar` is `log_var`), as in PyTorch. A property that must not
 * be found is made private (`#other`).
 *
 * The output may be the very input (`Identity`, a dropout in evaluation): whoever disposes intermediates compares first.
 * Parameters and buffers live until `dispose()`.
 *
 * @typeParam I the inputs of `forward`
 * @typeParam O its output
 * @example
 * ```ts
 * class Net extends torch.nn.Module {
 *   conv = new torch.nn.Conv3d(1, 4, 3);
 *   head = new torch.nn.Linear(4, 2);
 *   override forward(x: torch.Tensor): torch.Tensor {
 *     using features = this.conv.call(x);
 *     using pooled = features.mean([2, 3, 4]);
 *     return this.head.call(pooled);
 *   }
 * }
 * using scores = new Net().call(torch.ones([2, 1, 8, 8, 8]));
 * console.log(scores.shape); // → [ 2, 2 ]
 * ```
 */
export class Module<I extends unknown[] = [Tensor], O = Tensor> implements Disposable {
  /** Whether the module is in training mode; set by `train()` and `eval()`. */
  training = true;
  /** The properties that are buffers, and whether they are part of the state dict. */
  readonly #buffers = new Map<string, { readonly persistent: boolean }>();
  /** The properties made by `addModule`, whose name is the key as it is. */
  readonly #named = new Set<string>();
  readonly #hooks = new Hooks<AnyModule>();
  #inspected = false;

  /** Whether a hook would run at a call. */
  get hooked(): boolean {
    return this.#hooks.any;
  }

  /**
   * Whether a call keeps nothing for its gradients, and is computed again in the backward pass, as by `torch.utils.checkpoint`; default false. For modules
   * that give one tensor.
   * @example
   * ```ts
   * const network = new torch.nn.Sequential(...[4, 4, 4].map((n) => new torch.nn.Sequential(new torch.nn.Linear(n, n), new torch.nn.ReLU())));
   * for (const block of network) block.checkpointing = true;
   * network.call(torch.ones([2, 4])).sum().backward(); // holds the intermediates of one block
   * ```
   */
  get checkpointing(): boolean {
    return this.#hooks.recomputes;
  }
  set checkpointing(value: boolean) {
    this.#hooks.recomputes = value;
  }

  /** What the module computes. Override it; to run it, use `call`, which also runs the hooks. */
  forward(..._inputs: I): O {
    throw new TypeError(`Module [${this.constructor.name}] is missing the required "forward" function`);
  }

  /** Runs `forward` between the hooks. */
  call(...inputs: I): O {
    if (!this.#inspected) this.#inspect();
    if (!this.#hooks.any) return this.forward(...inputs);
    return this.#hooks.run(this, inputs, (seen) => this.forward(...(seen as I))) as O;
  }

  registerForwardPreHook(hook: ForwardPreHook): HookHandle {
    return this.#hooks.before(hook);
  }
  registerForwardHook(hook: ForwardHook): HookHandle {
    return this.#hooks.after(hook);
  }

  /**
   * Calls `hook` in every backward pass, when the gradients of the inputs are known. Gradients are the hook's to look at:
   * to take one along, clone and `keep()` it. The output of the module is one tensor, or an array. CPU only.
   */
  registerFullBackwardHook(hook: BackwardHook): HookHandle {
    return this.#hooks.backward(hook);
  }

  /** Adds a child whose key is exactly `name`. */
  addModule(name: string, module: AnyModule): void {
    this.#claim(name);
    this.#named.add(name);
    this.#define(name, module);
    structureChanged();
  }

  /** Adds a buffer as the property `name`: it moves and is saved with the module, and is disposed with it. */
  registerBuffer(name: string, tensor: Tensor | null, { persistent = true }: { persistent?: boolean } = {}): void {
    this.#claim(name);
    this.#buffers.set(name, { persistent });
    this.#define(name, tensor === null ? null : tensor.keep());
  }

  /** Adds a parameter as the property `name`; null keeps the place without one. */
  registerParameter(name: string, parameter: Parameter | null): void {
    this.#claim(name);
    this.#define(name, parameter);
  }

  #claim(name: string): void {
    if (name === "" || name.includes("."))
      throw new TypeError(`${this.constructor.name}: '${name}' cannot be a name: it is empty or has a dot.`);
    if (name in this && (this as Record<string, unknown>)[name] != null) {
      throw new TypeError(`attribute '${name}' already exists in ${this.constructor.name}`);
    }
  }
  #define(name: string, value: unknown): void {
    Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
  }

  #inspect(): void {
    refusePlainLists(this, (value) => value instanceof Module);
    this.#inspected = true;
  }

  /** The children with their keys, in order; a child with two names comes twice. Containers override it. */
  protected *ownModules(): Generator<[string, AnyModule]> {
    this.#inspect();
    for (const [property, value] of Object.entries(this)) {
      if (value instanceof Module) yield [this.#named.has(property) ? property : camelToSnake(property), value];
    }
  }
  *#ownParameters(): Generator<[string, Parameter]> {
    for (const [property, value] of Object.entries(this)) {
      if (value instanceof Parameter && !this.#buffers.has(property)) yield [camelToSnake(property), value];
    }
  }
  *#ownBuffers(persistentOnly: boolean): Generator<[string, Tensor]> {
    for (const [property, { persistent }] of this.#buffers) {
      const value: unknown = Reflect.get(this, property);
      if (value instanceof Tensor && (persistent || !persistentOnly)) yield [camelToSnake(property), value];
    }
  }

  *namedChildren(): Generator<[string, AnyModule]> {
    const seen = new Set<AnyModule>();
    for (const [name, child] of this.ownModules()) {
      if (seen.has(child)) continue;
      seen.add(child);
      yield [name, child];
    }
  }
  *children(): Generator<AnyModule> {
    for (const [, child] of this.namedChildren()) yield child;
  }

  /** This module, named "", and all below it, each once. */
  *namedModules(prefix = "", seen: Set<AnyModule> = new Set()): Generator<[string, AnyModule]> {
    if (seen.has(this)) return;
    seen.add(this);
    yield [prefix, this];
    for (const [name, child] of this.ownModules()) yield* child.namedModules(join(prefix, name), seen);
  }
  *modules(): Generator<AnyModule> {
    for (const [, module] of this.namedModules()) yield module;
  }

  /** The module at a path such as "encoder.layer0"; "" is this one. */
  getSubmodule(path: string): AnyModule {
    if (path === "") return this;
    let module: AnyModule = this;
    for (const name of path.split(".")) {
      const child = new Map(module.ownModules()).get(name);
      if (child === undefined) {
        const names = [...module.ownModules()].map(([n]) => n);
        throw new RangeError(
          `getSubmodule: '${path}' does not exist: ${module.constructor.name} has no child '${name}', only [${names.join(", ")}].`,
        );
      }
      module = child;
    }
    return module;
  }

  /** The parameters with their paths, each once. */
  *namedParameters({ recurse = true }: { recurse?: boolean } = {}): Generator<[string, Parameter]> {
    yield* this.#members(recurse, (module) => module.#ownParameters());
  }
  *parameters(options: { recurse?: boolean } = {}): Generator<Parameter> {
    for (const [, parameter] of this.namedParameters(options)) yield parameter;
  }
  /** The buffers with their paths, each once. */
  *namedBuffers({ recurse = true }: { recurse?: boolean } = {}): Generator<[string, Tensor]> {
    yield* this.#members(recurse, (module) => module.#ownBuffers(false));
  }
  *buffers(options: { recurse?: boolean } = {}): Generator<Tensor> {
    for (const [, buffer] of this.namedBuffers(options)) yield buffer;
  }
  *#members<T extends Tensor>(
    recurse: boolean,
    own: (module: AnyModule) => Iterable<[string, T]>,
  ): Generator<[string, T]> {
    const seen = new Set<T>();
    for (const [path, module] of recurse ? this.namedModules() : [["", this as AnyModule] as const]) {
      for (const [name, tensor] of own(module)) {
        if (seen.has(tensor)) continue;
        seen.add(tensor);
        yield [join(path, name), tensor];
      }
    }
  }

  /**
   * Parameters and persistent buffers under PyTorch's keys. They are the module's own tensors, not copies: they change
   * as it trains, and are not to be disposed.
   */
  stateDict(prefix = ""): Map<string, Tensor> {
    const out = new Map<string, Tensor>();
    for (const [name, tensor] of this.localState()) out.set(prefix + name, tensor);
    for (const [name, child] of this.ownModules()) {
      for (const [key, tensor] of child.stateDict(`${prefix}${name}.`)) out.set(key, tensor);
    }
    return out;
  }
  /** What `loadStateDict` fills: this module's own parameters and persistent buffers, without those of children. */
  localState(): Map<string, Tensor> {
    return new Map<string, Tensor>([...this.#ownParameters(), ...this.#ownBuffers(true)]);
  }
  /** The children that `loadStateDict` goes through. */
  localModules(): Map<string, AnyModule> {
    return new Map(this.ownModules());
  }

  /**
   * Copies tensors into the parameters and buffers of the same keys; dtype and device stay the module's. On an error
   * nothing has changed.
   * @param strict whether missing and unexpected keys are errors; otherwise they are returned
   * @throws StateDictError with PyTorch's words: missing keys, unexpected keys, shapes that do not match
   */
  loadStateDict(stateDict: StateDict, options: { readonly strict?: boolean } = {}): IncompatibleKeys {
    return loadStateDict(this, stateDict, options);
  }

  /** Training mode for this module and all below it. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }
  /** Evaluation mode: no dropout, batch normalisation with its running statistics. */
  eval(): this {
    return this.train(false);
  }
  /** Whether gradients are computed for the parameters: `requiresGrad_(false)` freezes them. */
  requiresGrad_(value = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = value;
    return this;
  }
  /** Drops the gradients, or with `setToNone: false` fills them with zeros. */
  zeroGrad({ setToNone = true }: { setToNone?: boolean } = {}): void {
    for (const parameter of this.parameters()) {
      if (setToNone) parameter.grad = null;
      else {
        using gradient = parameter.grad;
        if (gradient !== null) ops.zero_(gradient);
      }
    }
  }
  /**
   * Moves parameters, their gradients and buffers; they stay the same objects.
   *
   * With `memoryFormat: "channels_last_3d"` (for 2D networks "channels_last") the whole network computes channels-last,
   * which is faster: its convolutions bring images to that format by themselves. "contiguous" ends it.
   */
  to(...given: readonly [ModuleToOptions]): this {
    const options = conversion(`${this.constructor.name}.to`, given, [
      "device",
      "dtype",
      "memoryFormat",
      "nonBlocking",
    ]);
    using _ = noGrad();
    for (const parameter of this.parameters()) {
      convertTensor(parameter, options);
      using gradient = parameter.grad;
      if (gradient !== null) convertTensor(gradient, options);
    }
    for (const buffer of this.buffers()) convertTensor(buffer, options);
    const { memoryFormat } = options;
    if (memoryFormat !== undefined) for (const module of this.modules()) module.formatTaken(memoryFormat);
    return this;
  }
  /** Called by `to` with the memory format that this module's parameters were given. */
  protected formatTaken(_format: MemoryFormat): void {}

  /** Calls `fn` with every module, children before parents. */
  apply(fn: (module: AnyModule) => void): this {
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  /** Gives the memory of all parameters and buffers back. */
  dispose(): void {
    for (const module of this.modules()) {
      for (const [, tensor] of module.#ownParameters()) tensor.dispose();
      for (const [, tensor] of module.#ownBuffers(false)) tensor.dispose();
    }
  }
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** What is printed between the parentheses after the class's name. */
  extraRepr(): string {
    return "";
  }
  /** The lines for children, without indentation. */
  protected childLines(): string[] {
    return [...this.ownModules()].map(([name, child]) => `(${name}): ${indentAfterFirst(String(child), 2)}`);
  }
  /** As PyTorch prints it. */
  toString(): string {
    const extra = this.extraRepr();
    const children = this.childLines();
    if (children.length === 0 && !extra.includes("\n")) return `${this.constructor.name}(${extra})`;
    const lines = [...(extra === "" ? [] : extra.split("\n")), ...children];
    return `${this.constructor.name}(\n  ${lines.join("\n  ")}\n)`;
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

function join(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}
