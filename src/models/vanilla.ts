import { INFERERS, type Inferer, SimpleInferer } from "../infer/index.ts";
import { callLoss, LOSS_CONFIGS, type LossConfig, type LossFunction, prepareTarget } from "../losses/index.ts";
import { NETWORK_CONFIGS, type NetworkConfig } from "../networks/index.ts";
import { OPTIMIZER_CONFIGS, type Optimizer, type OptimizerConfig, parametersUnder } from "../optim/index.ts";
import { nn, optim, type Tensor } from "../torch/index.ts";
import { type JsonObject, type JsonValue, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { type Losses, Model, type ModelBatch, type Scaler } from "./model.ts";
import { summary } from "./summary.ts";

/** A plain object with the `name_` of a config and its options in camelCase. */
export interface Named {
  readonly name_: string;
  readonly [option: string]: unknown;
}

/** Options of the models with one network, one loss and one optimizer. */
export interface VanillaModelOptions {
  readonly network: nn.Module | NetworkConfig | Named;
  readonly loss: LossFunction | LossConfig | Named;
  /** An optimizer itself is used as it is in every training, with its state. */
  readonly optimizer: OptimizerConfig | Optimizer | Named;
  /** How images go through the network in evaluation. Default: `new SimpleInferer()`. */
  readonly inferer?: Inferer | Named;
}

type ConfigsByName<T> = Readonly<Record<string, { fromDict(dict: JsonObject): T }>>;

function isConfig(value: unknown): value is { readonly name_: string; toDict(): JsonObject } {
  return (
    typeof value === "object" &&
    value !== null &&
    "name_" in value &&
    typeof (value as { toDict?: unknown }).toDict === "function"
  );
}

/** A config itself, or one made of a plain object; null for anything else. */
function configFrom<T extends { readonly name_: string }>(
  field: string,
  value: unknown,
  configs: ConfigsByName<T>,
): T | null {
  if (isConfig(value)) return value as unknown as T;
  if (typeof value !== "object" || value === null || !("name_" in value)) return null;
  const { name_, ...options } = value;
  const Class = configs[String(name_)] as (new (options: object) => T) | undefined;
  if (Class === undefined) {
    throw new ConfigError(
      `'${field}' got the name ${show(name_)}. Expected one of ${Object.keys(configs).join(", ")}.`,
    );
  }
  return new Class(options);
}

/** What is written of an object that is not a config. */
function nameOf(value: object): string {
  return typeof value === "function" ? `<function ${value.name || "anonymous"}>` : value.constructor.name;
}

/** One network, one loss, one optimizer: the parent of SupervisedModel and ReconstructionModel. */
export abstract class VanillaModel extends Model {
  readonly network: nn.Module;
  readonly loss: LossFunction;
  readonly inferer: Inferer;
  readonly #network: NetworkConfig | nn.Module;
  readonly #loss: LossConfig | LossFunction;
  readonly #optimizer: OptimizerConfig | Optimizer;

  constructor({ network, loss, optimizer, inferer = new SimpleInferer() }: VanillaModelOptions) {
    super();
    if (network instanceof nn.Module) {
      this.#network = network;
      this.network = network;
    } else {
      const config = configFrom<NetworkConfig>("network", network, NETWORK_CONFIGS);
      if (config === null)
        throw new ConfigError(`'network' got ${show(network)}. Expected a torch.nn.Module or the config of one.`);
      this.#network = config;
      this.network = config.getObject();
    }
    if (loss instanceof nn.Module || typeof loss === "function") {
      this.#loss = loss as LossFunction;
      this.loss = loss as LossFunction;
    } else {
      const config = configFrom<LossConfig>("loss", loss, LOSS_CONFIGS);
      if (config === null)
        throw new ConfigError(
          `'loss' got ${show(loss)}. Expected a function, a torch.nn.Module or the config of a loss.`,
        );
      this.#loss = config;
      this.loss = config.getObject();
    }
    if (optimizer instanceof optim.Optimizer) {
      this.#optimizer = optimizer;
    } else {
      const config = configFrom<OptimizerConfig>("optimizer", optimizer, OPTIMIZER_CONFIGS);
      if (config === null)
        throw new ConfigError(`'optimizer' got ${show(optimizer)}. Expected an optimizer or the config of one.`);
      this.#optimizer = config;
      // names that do not exist are an error now, not when training starts
      config.freezeParameters(this.network);
      for (const group of config.getParameterGroups().slice(0, -1)) parametersUnder(this.network, group);
    }
    const read = configFrom<Inferer>("inferer", inferer, INFERERS);
    if (read === null) throw new ConfigError(`'inferer' got ${show(inferer)}. Expected an Inferer.`);
    this.inferer = read;
  }

  override backwardStep(loss: Losses, gradScaler: Scaler): void {
    gradScaler.scale(loss as Tensor).backward();
  }
  override optimizationStep(optimizers: Readonly<Record<string, Optimizer>>, gradScaler: Scaler): void {
    const { optimizer } = optimizers;
    if (optimizer === undefined)
      throw new ConfigError("optimizationStep needs the optimizer named 'optimizer' that buildOptimizers() gives.");
    gradScaler.step(optimizer);
  }
  /** Adds the output of the network to the batch. */
  override evaluationStep(batch: ModelBatch): ModelBatch {
    return this.inferer.call(batch, this.network, { inputDtype: "float32" });
  }
  override getLossFunctions(): Record<string, LossFunction> {
    return { loss: this.loss };
  }
  /** A new optimizer of the network's parameters and the loss's, named "optimizer". */
  override buildOptimizers(): Record<string, Optimizer> {
    if (this.#optimizer instanceof optim.Optimizer) return { optimizer: this.#optimizer };
    const extra = this.loss instanceof nn.Module ? [...this.loss.parameters()] : [];
    return { optimizer: this.#optimizer.getObject(this.network, extra) };
  }
  /** The table of the network's layers, with the shapes that this batch gives them. */
  override getSummary(batch: ModelBatch): string {
    return summary(this.network, batch.getField("image", { dtype: "float32" }));
  }

  /** What the model is made of; objects that are not configs are written by name, and cannot be read back. */
  override toDict(): JsonObject {
    const write = (value: object): JsonValue => (isConfig(value) ? value.toDict() : nameOf(value));
    return {
      // a class of one's own keeps its name, so that it is not taken for its parent when read
      name_: this.constructor.name,
      network: write(this.#network),
      loss: write(this.#loss),
      optimizer: write(this.#optimizer),
      inferer: this.inferer.toDict(),
    };
  }

  /** The loss between what the network gives for `images` and the target. */
  protected lossOf(images: Tensor, target: Tensor): Tensor {
    const output = this.network.call(images) as Tensor;
    return callLoss(this.loss, output, prepareTarget(this.loss, output, target));
  }
}
