import { z } from "zod";
import { parseWith } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { noGrad } from "../autograd.ts";
import { _ampForeachNonFiniteCheckAndUnscale_, _ampUpdateScale_, full, reciprocal } from "../ops.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { scope } from "../scope.ts";
import { Tensor } from "../tensor.ts";

const schema = z.strictObject({
  initScale: z.number().positive().default(65536),
  growthFactor: z.number().gt(1).default(2),
  backoffFactor: z.number().positive().lt(1).default(0.5),
  growthInterval: z.number().int().positive().default(2000),
  enabled: z.boolean().default(true),
});

export type GradScalerOptions = z.input<typeof schema>;

/** What one optimizer has been through since the last `update`. */
interface Progress {
  stage: "ready" | "unscaled" | "stepped";
  /** One flag for each device: above 0 if a gradient was infinite or NaN. */
  readonly foundInf: Tensor[];
}

/**
 * Scales losses so that small gradients survive float16, and skips steps whose gradients overflowed
 * (Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740). State and behaviour are PyTorch's.
 *
 * Disabled, it passes everything through.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.Linear(4, 1);
 * const sgd = new torch.optim.SGD(layer.parameters(), { lr: 0.1 });
 * const scaler = new torch.amp.GradScaler("cpu");
 * scaler.scale(layer.call(torch.ones([2, 4])).sum()).backward();
 * scaler.unscale_(sgd); // only to clip or inspect gradients
 * console.log(layer.weight.grad?.sum().item()); // → 8
 * scaler.step(sgd);
 * scaler.update();
 * ```
 */
export class GradScaler implements Disposable {
  readonly #device: string;
  readonly #enabled: boolean;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  // on the device from the first scale() on, so that a step need not wait for it
  #tensors: { scale: Tensor; growthTracker: Tensor } | undefined;
  #initial: { scale: number; growthTracker: number };
  readonly #progress = new Map<Optimizer, Progress>();

  constructor(device = "cuda", options: GradScalerOptions = {}) {
    const parsed = parseWith(schema, options, "GradScaler");
    this.#device = device;
    this.#enabled = parsed.enabled;
    this.#growthFactor = parsed.growthFactor;
    this.#backoffFactor = parsed.backoffFactor;
    this.#growthInterval = parsed.growthInterval;
    this.#initial = { scale: parsed.initScale, growthTracker: 0 };
  }

  isEnabled(): boolean {
    return this.#enabled;
  }

  /** The scale of now, 1 if disabled. Waits for the device. */
  getScale(): number {
    if (!this.#enabled) return 1;
    return this.#tensors === undefined ? this.#initial.scale : this.#tensors.scale.item();
  }

  /** The loss, or losses, times the scale; they belong to the open scope, or to the caller. */
  scale(outputs: Tensor): Tensor;
  scale(outputs: readonly Tensor[]): Tensor[];
  scale(outputs: Tensor | readonly Tensor[]): Tensor | Tensor[] {
    if (!(outputs instanceof Tensor)) return outputs.map((output) => this.scale(output));
    if (!this.#enabled) return outputs;
    using factor = this.#state().scale.to({ device: outputs.device });
    return outputs.mul(factor);
  }

  #state(): { scale: Tensor; growthTracker: Tensor } {
    this.#tensors ??= {
      scale: full([], this.#initial.scale, { dtype: "float32", device: this.#device }).keep(),
      growthTracker: full([], this.#initial.growthTracker, { dtype: "int32", device: this.#device }).keep(),
    };
    return this.#tensors;
  }

  #progressOf(optimizer: Optimizer): Progress {
    let progress = this.#progress.get(optimizer);
    if (progress === undefined) {
      progress = { stage: "ready", foundInf: [] };
      this.#progress.set(optimizer, progress);
    }
    return progress;
  }

  /** Divides the gradients of `optimizer` by the scale, once between two updates, and looks for overflows. */
  unscale_(optimizer: Optimizer): void {
    if (!this.#enabled) return;
    const { scale } = this.#started("unscale_");
    const progress = this.#progressOf(optimizer);
    if (progress.stage !== "ready") {
      throw new ConfigError(
        progress.stage === "unscaled"
          ? "GradScaler.unscale_: this optimizer's gradients are unscaled already since the last update()."
          : "GradScaler.unscale_ comes before step(), not after.",
      );
    }
    using _scope = scope();
    using _mode = noGrad();
    // through float64, as the reciprocal of a large scale is subnormal in float32
    const inverse = reciprocal(scale.to({ dtype: "float64" })).to({ dtype: "float32" });
    for (const [device, lists] of this.#gradients(optimizer)) {
      const foundInf = full([], 0, { dtype: "float32", device }).keep();
      progress.foundInf.push(foundInf);
      const factor = inverse.to({ device });
      for (const grads of lists.values()) _ampForeachNonFiniteCheckAndUnscale_(grads, foundInf, factor);
    }
    progress.stage = "unscaled";
  }

  /** Gradients by device and dtype. */
  #gradients(optimizer: Optimizer): Map<string, Map<string, Tensor[]>> {
    const devices = new Map<string, Map<string, Tensor[]>>();
    for (const param of optimizer.paramGroups.flatMap((group) => group.params)) {
      const grad = param.grad;
      if (grad === null) continue;
      const { device, dtype } = grad;
      if (dtype === "float16") {
        throw new ConfigError("GradScaler: gradients are float16. Keep the parameters in float32 and use autocast.");
      }
      const lists = devices.get(device) ?? new Map<string, Tensor[]>();
      devices.set(device, lists);
      lists.set(dtype, [...(lists.get(dtype) ?? []), grad]);
    }
    return devices;
  }

  /**
   * Steps `optimizer`, after `unscale_` if that was not called, unless a gradient overflowed.
   * Returns whether it stepped.
   */
  step(optimizer: Optimizer): boolean {
    if (!this.#enabled) {
      optimizer.step();
      return true;
    }
    this.#started("step");
    const progress = this.#progressOf(optimizer);
    if (progress.stage === "stepped") throw new ConfigError("GradScaler.step: called twice since the last update().");
    if (progress.stage === "ready") this.unscale_(optimizer);
    if (progress.foundInf.length === 0)
      throw new ConfigError("GradScaler.step: no parameter of this optimizer has a gradient.");
    const overflowed = progress.foundInf.some((found) => found.item() > 0);
    if (!overflowed) optimizer.step();
    progress.stage = "stepped";
    return !overflowed;
  }

  /** At the end of an iteration: the scale shrinks after an overflow, and grows after `growthInterval` steps without. */
  update(newScale?: number): void {
    if (!this.#enabled) return;
    const { scale, growthTracker } = this.#started("update");
    using _scope = scope();
    using _mode = noGrad();
    const found = [...this.#progress.values()].flatMap((progress) => progress.foundInf);
    if (newScale !== undefined) scale.fill_(newScale);
    else {
      const [first, ...others] = found.map((flag) => flag.to({ device: scale.device }));
      if (first === undefined)
        throw new ConfigError("GradScaler.update: no step() or unscale_() since the last update().");
      let any = first;
      for (const other of others) any = any.add(other);
      _ampUpdateScale_(scale, growthTracker, any, this.#growthFactor, this.#backoffFactor, this.#growthInterval);
    }
    this.#forget();
  }

  #started(method: string): { scale: Tensor; growthTracker: Tensor } {
    if (this.#tensors === undefined) throw new ConfigError(`GradScaler.${method}: call scale(loss).backward() first.`);
    return this.#tensors;
  }

  #forget(): void {
    for (const { foundInf } of this.#progress.values()) for (const flag of foundInf) flag.dispose();
    this.#progress.clear();
  }

  /** PyTorch's form; empty if disabled. */
  stateDict(): Record<string, number> {
    if (!this.#enabled) return {};
    return {
      scale: this.getScale(),
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: this.#tensors === undefined ? this.#initial.growthTracker : this.#tensors.growthTracker.item(),
    };
  }

  /** Continues from a state of {@link stateDict}, or of PyTorch. Does nothing if disabled. */
  loadStateDict(state: Readonly<Record<string, unknown>>): void {
    if (!this.#enabled) return;
    if (Object.keys(state).length === 0) {
      throw new ConfigError("GradScaler.loadStateDict: the state is empty; it was saved by a disabled GradScaler.");
    }
    const parsed = parseWith(stateSchema, state, "GradScaler.loadStateDict");
    this.#growthFactor = parsed.growth_factor;
    this.#backoffFactor = parsed.backoff_factor;
    this.#growthInterval = parsed.growth_interval;
    this.#initial = { scale: parsed.scale, growthTracker: parsed._growth_tracker };
    this.#dropTensors();
  }

  // the next scale() makes them anew from the initial values
  #dropTensors(): void {
    this.#tensors?.scale.dispose();
    this.#tensors?.growthTracker.dispose();
    this.#tensors = undefined;
  }

  /** Gives its few tensors back. */
  dispose(): void {
    this.#initial = this.#enabled
      ? { scale: this.getScale(), growthTracker: this.stateDict()._growth_tracker ?? 0 }
      : this.#initial;
    this.#forget();
    this.#dropTensors();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const stateSchema = z.object({
  scale: z.number(),
  growth_factor: z.number(),
  backoff_factor: z.number(),
  growth_interval: z.number(),
  _growth_tracker: z.number(),
});
