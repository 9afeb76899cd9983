import { z } from "zod";
import { type nn, noGrad, scope, type Tensor } from "../torch/index.ts";
import type { JsonObject } from "../utils/config.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import type { LoadPlan } from "./load-weights.ts";

const schema = z.strictObject({
  frozen: z.array(z.string()),
  fixed_statistics: z.array(z.string()),
  loaded: z.array(z.strictObject({ from: z.string(), names: z.array(z.string()) })),
});

/**
 * What a model keeps of the weights that were loaded into it: copies, with which each training begins; which of its layers keep
 * their statistics; and where the weights came from.
 */
export class KeptWeights implements Disposable {
  readonly #copies = new Map<string, Tensor>();
  readonly #fixed = new Set<string>();
  readonly #sources = new Map<string, string>();
  #version = 0;

  /** How often weights were loaded. */
  get version(): number {
    return this.#version;
  }

  add(path: string, { copies, fixedStatistics }: LoadPlan): void {
    using _scope = scope();
    this.#version++;
    for (const [name, target] of copies) {
      this.#copies.get(name)?.dispose();
      this.#copies.set(name, target.detach().to({ device: "cpu", copy: true }).keep());
      this.#sources.set(name, path);
    }
    for (const layer of fixedStatistics) this.#fixed.add(layer);
  }

  /** Makes the weights what was loaded. */
  putBack(model: nn.AnyModule): void {
    using _scope = scope();
    using _grad = noGrad();
    for (const [name, tensor] of model.stateDict()) {
      const copy = this.#copies.get(name);
      if (copy !== undefined) tensor.copy_(copy);
    }
  }

  /** Layers whose statistics are to stay are in evaluation mode. */
  fixStatistics(model: nn.AnyModule): void {
    if (this.#fixed.size === 0) return;
    for (const [path, module] of model.namedModules()) if (this.#fixed.has(path)) module.training = false;
  }

  /** What a MAPS records, besides the weights themselves; null where there is nothing to record. */
  toDict(model: nn.AnyModule): JsonObject | null {
    const frozen = [...model.namedParameters()].filter(([, { requiresGrad }]) => !requiresGrad).map(([name]) => name);
    const sources = [...new Set(this.#sources.values())];
    if (frozen.length === 0 && sources.length === 0) return null;
    const namesFrom = (from: string) => [...this.#sources].flatMap(([name, source]) => (source === from ? [name] : []));
    return {
      frozen,
      fixed_statistics: [...this.#fixed],
      loaded: sources.map((from) => ({ from, names: namesFrom(from) })),
    };
  }

  /**
   * Freezes what was frozen, and nothing else. The weights themselves are in checkpoints.
   * @param where names the record in messages.
   */
  restore(model: nn.AnyModule, record: unknown, where: string): void {
    const parsed = schema.safeParse(record);
    if (!parsed.success) throw new ClinicaDLException(`${where} is damaged: ${z.prettifyError(parsed.error)}`);
    const { frozen, fixed_statistics: fixed } = parsed.data;
    const parameters = new Map(model.namedParameters());
    const modules = new Map(model.namedModules());
    const unknown = [...frozen.filter((name) => !parameters.has(name)), ...fixed.filter((path) => !modules.has(path))];
    if (unknown.length > 0) {
      throw new ClinicaDLException(
        `${where} names ${unknown.join(", ")}, which ${model.constructor.name} does not have. Resume with the model that was trained.`,
      );
    }
    for (const [name, parameter] of parameters) parameter.requiresGrad = !frozen.includes(name);
    this.#fixed.clear();
    for (const path of fixed) this.#fixed.add(path);
  }

  [Symbol.dispose](): void {
    for (const copy of this.#copies.values()) copy.dispose();
    this.#copies.clear();
  }
}
