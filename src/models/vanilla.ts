import type { Batch } from "../data/dataloader/index.ts";
import { addedFieldOf, type Inferer, infererRegistry, SimpleInferer } from "../infer/index.ts";
import {
  callLoss,
  type LossConfig,
  type LossFunction,
  lossRegistry,
  prepareTarget,
  type TargetSource,
} from "../losses/index.ts";
import {
  type AnyNetworkConfig,
  type DeeplySupervised,
  givesOneTensor,
  type NetworkConfig,
  networkRegistry,
} from "../networks/index.ts";
import { type Optimizer, type OptimizerConfig, optimizerRegistry, parametersUnder } from "../optim/index.ts";
import { nn, optim, Tensor } from "../torch/index.ts";
import { checkKeys, type JsonObject, type JsonValue, readAs, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { snakeToCamel } from "../utils/names.ts";
import { refuseUnknown } from "../utils/options.ts";
import type { Named } from "../utils/registry.ts";
import { configOfLoss, configOfNetwork, configOfOptimizer } from "./as-configs.ts";
import { meanInWindow } from "./loss-weight.ts";
import { type Losses, Model, type Scaler, type Shares } from "./model.ts";
import { PassedOptimizer } from "./passed-optimizer.ts";
import { type Structure, sameStructure, structureOf } from "./structure.ts";

/** Options of the models with one network, one loss and one optimizer. */
export interface VanillaModelOptions {
  /** A network that gives one tensor, or its config. */
  readonly network: nn.Module | NetworkConfig | NetworkConfig<DeeplySupervised> | Named;
  readonly loss: LossFunction | LossConfig | Named;
  /** An optimizer itself must be that of this network's parameters; it begins each training as it was when passed here. */
  readonly optimizer: OptimizerConfig | Optimizer | Named;
  /** How images go through the network in evaluation. Default: `new SimpleInferer()`. */
  readonly inferer?: Inferer | Named;
}

/** What else the loss of a batch is computed from. */
export interface LossContext {
  /** Where the target comes from, for messages. */
  readonly source?: TargetSource | undefined;
  /** The parts of the batch in its window. Default: it is the whole. */
  readonly shares?: Shares | undefined;
}

/** Reads a field of `toDict`. */
export type FieldReader = (value: JsonValue | undefined, model: string) => unknown;

/** What is written of an object that is not a config. */
function nameOf(value: object): string {
  if (typeof value === "function") return `<function ${value.name || "anonymous"}>`;
  return value instanceof nn.Module ? value.constructor.name : String(value);
}

/** The name of a class in JSON: one's own without a `name_` has that of the class, so that it is not taken for its parent when read. */
function ownName(Class: { readonly name: string }): string {
  return Object.hasOwn(Class, "name_") ? String(Reflect.get(Class, "name_")) : Class.name;
}

const noScaling: Scaler = { scale: (loss) => loss, step: (optimizer) => optimizer.step() };

/**
 * One network, one loss, one optimizer: the parent of SupervisedModel and ReconstructionModel.
 * @example
 * ```ts
 * const models: VanillaModel[] = [model];
 * console.log(models[0]?.network instanceof torch.nn.Module, Object.keys(model.getLossFunctions())); // → true [ 'loss' ]
 * ```
 */
export abstract class VanillaModel extends Model<Batch> {
  readonly network: nn.Module;
  readonly loss: LossFunction;
  #inferer: Inferer;
  /** The config of the network, and what it made; null where the network itself was passed. */
  readonly #network: { readonly config: AnyNetworkConfig; readonly made: Structure } | null;
  readonly #loss: LossConfig | null;
  readonly #optimizer: OptimizerConfig | PassedOptimizer;

  constructor(options: VanillaModelOptions) {
    super();
    const { network, loss, optimizer, inferer = new SimpleInferer(), ...rest } = options;
    refuseUnknown(new.target.name, rest);
    if (network instanceof nn.Module) {
      this.#network = null;
      this.network = network;
    } else {
      const config = networkRegistry.from("'network'", network);
      if (config === null) refuse("network", network, "a torch.nn.Module or the config of one");
      const built = config.getObject();
      if (!givesOneTensor(built)) {
        built.dispose();
        refuse(
          "network",
          config,
          `a network that gives one tensor, to ${new.target.name}; a VAE gives three: use VAEModel; with deepSupervision there is one per size: use SegmentationModel`,
        );
      }
      this.network = built;
      this.#network = { config, made: structureOf(this.network) };
    }
    if (loss instanceof nn.Module || typeof loss === "function") {
      this.#loss = null;
      this.loss = loss as LossFunction;
    } else {
      const config = lossRegistry.from("'loss'", loss);
      if (config === null) refuse("loss", loss, "a function, a torch.nn.Module or the config of a loss");
      this.#loss = config;
      this.loss = config.getObject();
    }
    if (optimizer instanceof optim.Optimizer) {
      const config = configOfOptimizer(optimizer, this.network, this.#lossParameters());
      this.#optimizer = new PassedOptimizer(optimizer, this, config);
    } else {
      const config = optimizerRegistry.from("'optimizer'", optimizer);
      if (config === null) refuse("optimizer", optimizer, "an optimizer or the config of one");
      this.#optimizer = config;
      // names that do not exist are an error now, not when training starts
      config.freezeParameters(this.network);
      for (const group of config.getParameterGroups().slice(0, -1)) parametersUnder(this.network, group);
    }
    const read = infererRegistry.from("'inferer'", inferer);
    if (read === null) refuse("inferer", inferer, "an Inferer");
    this.#inferer = read;
  }

  /** How images go through the network in evaluation. */
  get inferer(): Inferer {
    return this.#inferer;
  }
  /** Passes images through the network in another way, until what is returned is disposed. */
  useInferer(inferer: Inferer | Named): Disposable {
    const read = infererRegistry.from("'inferer'", inferer);
    if (read === null) refuse("inferer", inferer, "an Inferer");
    const own = this.#inferer;
    this.#inferer = read;
    return {
      [Symbol.dispose]: () => {
        this.#inferer = own;
      },
    };
  }

  override backwardStep(loss: Losses, gradScaler: Scaler = noScaling): void {
    gradScaler.scale(loss as Tensor).backward();
  }
  override optimizationStep(optimizers: Readonly<Record<string, Optimizer>>, gradScaler: Scaler = noScaling): void {
    const { optimizer } = optimizers;
    if (optimizer === undefined)
      throw new ConfigError("optimizationStep needs the optimizer named 'optimizer' that buildOptimizers() gives.");
    gradScaler.step(optimizer);
  }
  /** Adds the output of the network to the batch. */
  override evaluationStep(batch: Batch): Batch {
    return this.inferer.call(batch, this.inferred, { inputDtype: "float32" });
  }
  /** What the inferer calls, which gives one tensor. Default: the network. */
  protected get inferred(): nn.Module {
    return this.network;
  }
  /** How many values the network gives per sample, if its config says so. */
  protected get numClasses(): number | null {
    const config: unknown = "config" in this.network ? this.network.config : null;
    if (typeof config !== "object" || config === null || !("numOutputs" in config)) return null;
    return typeof config.numOutputs === "number" ? config.numOutputs : null;
  }
  /** The fields that evaluation adds to the batch, if it leaves the others as they are; null: this is not known. */
  get addedFields(): readonly string[] | null {
    const isOwn = this.evaluationStep !== VanillaModel.prototype.evaluationStep;
    return isOwn ? null : this.addedByInferer();
  }
  /** What the inferer adds, if that is all that it does; null: this is not known. */
  protected addedByInferer(): readonly [string] | null {
    const field = addedFieldOf(this.inferer);
    return field === null ? null : [field];
  }
  override getLossFunctions(): Record<string, LossFunction> {
    return { loss: this.loss };
  }
  /** A new optimizer of the network's parameters and the loss's (or that which was passed), named "optimizer". */
  override buildOptimizers(): Record<string, Optimizer> {
    return { optimizer: this.#optimizer.getObject(this.network, this.#lossParameters()) };
  }
  #lossParameters(): nn.Parameter[] {
    return this.loss instanceof nn.Module ? [...this.loss.parameters()] : [];
  }
  /** The table of the network's layers, with the shapes that this batch gives them. */
  override getSummary(batch: Batch): string {
    return nn.summary(this.network, batch.getField("image", { dtype: "float32" }));
  }

  /**
   * What the model is made of. Networks of this package, losses of `torch.nn` and optimizers of all parameters are written as
   * the configs that make them, also where they were passed themselves; whatever was changed since, or is of one's own, by
   * name, and cannot be read back.
   */
  override toDict(): JsonObject {
    const optimizer = this.#optimizer instanceof PassedOptimizer ? this.#optimizer.config : this.#optimizer;
    return {
      name_: ownName(this.constructor),
      network: this.#networkConfig()?.toDict() ?? nameOf(this.network),
      loss: (this.#loss ?? configOfLoss(this.loss))?.toDict() ?? nameOf(this.loss),
      optimizer: optimizer?.toDict() ?? nameOf(this.#optimizer),
      inferer: this.inferer.toDict(),
    };
  }
  #networkConfig(): AnyNetworkConfig | null {
    if (this.#network === null) return configOfNetwork(this.network);
    const { config, made } = this.#network;
    return sameStructure(structureOf(this.network), made) ? config : null;
  }

  /** How each field of `toDict` is read. A subclass with options of its own adds theirs. */
  protected static readonly readers: Readonly<Record<string, FieldReader>> = {
    network: (value, model) => networkRegistry.read(model, "network", value),
    loss: (value, model) => lossRegistry.read(model, "loss", value),
    optimizer: (value, model) => optimizerRegistry.read(model, "optimizer", value),
    inferer: (value, model) => infererRegistry.read(model, "inferer", value),
  };

  /** A model with options of which the types are not known, such as those of a plain object with a `name_`. */
  static fromOptions<C extends new (options: never) => VanillaModel>(this: C, options: unknown): InstanceType<C> {
    return Reflect.construct(this, [options]);
  }

  /**
   * Rebuilds a model from what `toDict` wrote.
   *
   * @param given options to take instead of the fields written, which are not looked at.
   * @throws MissingFieldsError, WrongFieldsError when keys are missing, or not known.
   * @throws CannotReadFieldError naming the field that holds something else than a config.
   * @example
   * ```ts
   * const again = SupervisedModel.fromDict(model.toDict());
   * // a network of one's own, which JSON cannot hold, is passed
   * const own = new CNN({ inShape: [1, 17, 20, 16], numOutputs: 1, convArgs: { channels: [2] } });
   * console.log(SupervisedModel.fromDict(model.toDict(), { network: own }).network === own); // → true
   * ```
   */
  static fromDict<C extends new (options: never) => VanillaModel>(
    this: C,
    dict: JsonObject,
    given: Partial<ConstructorParameters<C>[0]> = {},
  ): InstanceType<C> {
    // those of the subclass, which are protected
    const readers: Readonly<Record<string, FieldReader>> = Reflect.get<object, string>(this, "readers");
    checkKeys(this.name, dict, Object.keys(readers), ownName(this));
    const options: Record<string, unknown> = { ...given };
    for (const [key, read] of Object.entries(readers)) {
      const option = snakeToCamel(key);
      if (!(option in options)) options[option] = read(dict[key], this.name);
    }
    return readAs(() => Reflect.construct(this, [options]));
  }

  /**
   * The loss between what the network gives for `images` and the target.
   * @throws DataFrameError, ConfigError when the loss does not take such a target, as `prepareTarget` does.
   */
  protected lossOf(images: Tensor, target: Tensor, { source, shares }: LossContext = {}): Tensor {
    const output: unknown = this.network.call(images);
    if (!(output instanceof Tensor)) {
      throw new ConfigError(
        `${this.constructor.name} needs a network that gives one Tensor; ${this.network.constructor.name} gives ${Array.isArray(output) ? `${output.length} values` : show(output)}. ` +
          "Extend the class with a forwardStep and an evaluationStep that know what they are.",
      );
    }
    const prepared = prepareTarget(this.loss, output, target, source);
    return meanInWindow(shares?.loss, output, () => callLoss(this.loss, output, prepared));
  }
}

function refuse(field: string, value: unknown, expected: string): never {
  throw new ConfigError(`'${field}' got ${show(value)}. Expected ${expected}.`, { fieldNames: [field] });
}
