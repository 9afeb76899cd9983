import { knownOptions, notByName } from "../arguments.ts";
import type { Tensor } from "../tensor.ts";
import { indentAfterFirst } from "./format.ts";
import { Chain } from "./fusion.ts";
import { type AnyModule, type Layer, Module } from "./module.ts";
import { ownForward } from "./step.ts";
import { structureChanged } from "./structure.ts";

/** Modules in the order in which they were added, under any name; integers as names do not come first, as properties would. */
abstract class Container<I extends unknown[], O, M extends AnyModule> extends Module<I, O> {
  protected readonly entries: Map<string, M>;

  constructor() {
    super();
    this.entries = new Map();
    Object.defineProperty(this, "entries", { enumerable: false });
  }

  override addModule(name: string, module: M): void {
    if (name === "" || name.includes("."))
      throw new TypeError(`${this.constructor.name}: '${name}' cannot be a name: it is empty or has a dot.`);
    if (!(module instanceof Module)) throw notByName(this.constructor.name, name, module, "a module");
    if (new Map(this.ownModules()).has(name))
      throw new TypeError(`attribute '${name}' already exists in ${this.constructor.name}`);
    this.entries.set(name, module);
    structureChanged();
  }
  protected override *ownModules(): Generator<[string, AnyModule]> {
    yield* this.entries;
    // a field that holds an entry under its name gives it a type, and is no other module
    for (const [name, module] of super.ownModules()) {
      const entry: AnyModule | undefined = this.entries.get(name);
      if (entry !== module) yield [name, module];
    }
  }

  get length(): number {
    return this.entries.size;
  }
  [Symbol.iterator](): IterableIterator<M> {
    return this.entries.values();
  }
  /** The module at a position; a negative one counts from the end. */
  at(index: number): M | undefined {
    return [...this.entries.values()].at(index);
  }
}

/**
 * Layers one after the other: `new nn.Sequential(a, b)` with keys "0", "1", or `new nn.Sequential({ conv: a, act: b })`.
 *
 * Each intermediate is disposed as soon as the next layer has run (autograd keeps what it needs of it), unless it is
 * the input, the output, or was kept with `keep()`.
 * @example
 * ```ts
 * using layers = new torch.nn.Sequential({ hidden: new torch.nn.Linear(4, 8), act: new torch.nn.ReLU(), head: new torch.nn.Linear(8, 1) });
 * using x = torch.ones([2, 4]);
 * using y = layers.call(x);
 * console.log(y.shape, [...layers.stateDict().keys()][0]); // → [ 2, 1 ] hidden.weight
 * ```
 */
export class Sequential extends Container<[Tensor], Tensor, Layer> {
  constructor(...layers: readonly Layer[] | readonly [Readonly<Record<string, Layer>>]) {
    super();
    const [first] = layers;
    if (layers.length === 1 && typeof first === "object" && first !== null && !(first instanceof Module)) {
      for (const [name, layer] of Object.entries(first)) this.addModule(name, layer);
    } else for (const layer of layers as readonly Layer[]) this.append(layer);
  }

  /** Adds a layer at the end, named by its position. */
  append(layer: Layer): this {
    this.addModule(String(this.length), layer);
    return this;
  }

  #chain: Chain | undefined;
  /** The chains inside this one that are part of {@link #chain}. */
  readonly #inner: Sequential[] = [];

  /** This chain's layers, with those of chains inside it in their place. */
  *#flat(inner: Sequential[]): Generator<Layer> {
    for (const layer of this.entries.values()) {
      if (layer instanceof Sequential && !layer.hooked && layer.forward === Sequential.prototype.forward) {
        inner.push(layer);
        yield* layer.#flat(inner);
      } else yield layer;
    }
  }

  #matched(): Chain {
    if (this.#chain === undefined || this.#chain.old || this.#inner.some(ownForward)) {
      this.#inner.length = 0;
      this.#chain = new Chain([...this.#flat(this.#inner)]);
    }
    return this.#chain;
  }

  override forward(x: Tensor): Tensor {
    return this.#matched().run(x);
  }

  /**
   * The end of a residual block: `act` of the sum of what this chain makes of `x`, and `skip`, of the same shape. Where the chain ends with a normalisation
   * and `act` is a ReLU or LeakyReLU, normalisation, sum and activation are one pass over the image.
   * @example
   * ```ts
   * using scope = torch.scope();
   * const layers = new torch.nn.Sequential(new torch.nn.Linear(4, 4));
   * const x = torch.ones([2, 4]);
   * const y = layers.residual(x, x, new torch.nn.ReLU()); // relu(layers(x) + x)
   * console.log(y.shape); // → [ 2, 4 ]
   * ```
   */
  residual(x: Tensor, skip: Tensor, act: Layer): Tensor {
    const plain = !this.hooked && this.forward === Sequential.prototype.forward;
    const chain = plain ? this.#matched() : new Chain([this]);
    return chain.runAdding(x, skip, act);
  }
}

/**
 * A list of modules, which it registers and does not run.
 * @example
 * ```ts
 * class Mean extends torch.nn.Module {
 *   readonly heads = new torch.nn.ModuleList([new torch.nn.Linear(4, 1), new torch.nn.Linear(4, 1)]);
 *   override forward(x: torch.Tensor): torch.Tensor {
 *     return torch.cat([...this.heads].map((head) => head.call(x)), 1).mean(1);
 *   }
 * }
 * using scope = torch.scope();
 * const network = new Mean();
 * console.log(network.call(torch.ones([3, 4])).shape, [...network.parameters()].length); // → [ 3 ] 4
 * ```
 */
export class ModuleList<M extends AnyModule = Layer> extends Container<never[], never, M> {
  constructor(modules: Iterable<M> = [], ...none: []) {
    super();
    knownOptions("ModuleList", none, []);
    if (typeof modules !== "object" || modules === null || !(Symbol.iterator in modules)) {
      throw notByName("ModuleList", "modules", modules, "a list of modules");
    }
    for (const module of modules) this.append(module);
  }
  append(module: M): this {
    this.addModule(String(this.length), module);
    return this;
  }
  /** Runs of modules that print alike are printed once, with their number. */
  protected override childLines(): string[] {
    const groups: { first: number; last: number; text: string }[] = [];
    for (const [i, module] of [...this.entries.values()].entries()) {
      const text = String(module);
      const group = groups.at(-1);
      if (group?.text === text) group.last = i;
      else groups.push({ first: i, last: i, text });
    }
    return groups.map(({ first, last, text }) =>
      indentAfterFirst(first === last ? `(${first}): ${text}` : `(${first}-${last}): ${last - first + 1} x ${text}`, 2),
    );
  }
}

/**
 * Modules by name, which it registers and does not run.
 * @example
 * ```ts
 * using heads = new torch.nn.ModuleDict({ diagnosis: new torch.nn.Linear(4, 2), age: new torch.nn.Linear(4, 1) });
 * using x = torch.ones([3, 4]);
 * using age = heads.get("age")?.call(x);
 * console.log(age?.shape, heads.has("sex")); // → [ 3, 1 ] false
 * ```
 */
export class ModuleDict<M extends AnyModule = Layer> extends Container<never[], never, M> {
  constructor(modules: Readonly<Record<string, M>> = {}, ...none: []) {
    super();
    knownOptions("ModuleDict", none, []);
    for (const [name, module] of Object.entries(modules)) this.addModule(name, module);
  }
  get(name: string): M | undefined {
    return this.entries.get(name);
  }
  has(name: string): boolean {
    return this.entries.has(name);
  }
  /** Takes a module out. */
  pop(name: string): M | undefined {
    const module = this.entries.get(name);
    this.entries.delete(name);
    structureChanged();
    return module;
  }
  keys(): IterableIterator<string> {
    return this.entries.keys();
  }
}
