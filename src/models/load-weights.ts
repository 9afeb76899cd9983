import type { SavedWeights } from "../io/weights/index.ts";
import { type nn, noGrad, scope } from "../torch/index.ts";
import { show } from "../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../utils/exceptions.ts";
import { refuseUnknown } from "../utils/options.ts";
import { isBelow, type Matching, type Mismatch, matchNames, suggestPrefix, type WeightPrefix } from "./weight-names.ts";
import { type Copies, wrongValues } from "./weight-values.ts";

/** What is frozen of the weights that were loaded. */
export interface FreezeOptions {
  /** Paths in the model (`"network.convolutions"`). Default: all that was loaded. */
  readonly parts?: string | readonly string[];
  /**
   * Whether batch normalisation in these parts keeps the statistics that were loaded, and uses them in training too: it stays in
   * evaluation mode. Default false: it normalises by the batch, and its statistics follow the new data.
   */
  readonly keepStatistics?: boolean;
}

export interface LoadWeightsOptions {
  /** Whether weights that are missing, unexpected or of another shape are an error. Default true. */
  readonly strict?: boolean;
  /** Default: all, with the same names. */
  readonly prefix?: WeightPrefix;
  /** true: all that was loaded; a path or several: those parts of it. Frozen weights do not learn. Default false. */
  readonly freeze?: boolean | string | readonly string[] | FreezeOptions;
}

/** What was loaded and what was not, by name. */
export interface LoadedWeights {
  readonly loaded: readonly string[];
  /** Weights of the model that the file does not hold: they are as they were. */
  readonly missing: readonly string[];
  /** Weights of the file that the model does not have. */
  readonly unexpected: readonly string[];
  /** Weights of another shape than the model's, which are as they were. */
  readonly mismatched: readonly Mismatch[];
}

/**
 * The saved weights do not fit the model, or are not such as it could learn from (NaN, or whole numbers of a quantised network); none was loaded.
 * @example
 * ```ts
 * const other = new SupervisedModel({
 *   network: new CNNConfig({ inShape: [1, 17, 20, 16], numOutputs: 2, convArgs: { channels: [4, 8] } }),
 *   loss: new CrossEntropyLossConfig(),
 *   optimizer,
 * });
 * try {
 *   other.loadWeights("maps", "split-0_final");
 * } catch (error) {
 *   console.log(error instanceof WeightsError); // → true
 * }
 * ```
 */
export class WeightsError extends ClinicaDLException {}

/** What is about to be loaded: nothing has changed yet. */
export interface LoadPlan {
  readonly result: LoadedWeights;
  readonly copies: Copies;
  /** Names of parameters that are to be frozen. */
  readonly frozen: readonly string[];
  /** Paths of layers whose statistics are to stay. */
  readonly fixedStatistics: readonly string[];
}

/**
 * @param ignored paths that are no weights (a loss, whose buffers follow from its options).
 * @throws WeightsError listing what does not fit, and for values that no weights have; ConfigError for options that name what is not there.
 */
export function planLoading(
  model: nn.AnyModule,
  { path, tensors }: SavedWeights,
  { strict = true, prefix = "", freeze = false }: LoadWeightsOptions,
  ignored: readonly string[],
): LoadPlan {
  const counts = (name: string) => !ignored.some((other) => isBelow(name, other));
  const targets = new Map([...model.stateDict()].filter(([name]) => counts(name)));
  const saved = new Map([...tensors].filter(([name]) => counts(name)));
  const matching = matchNames(targets, saved, prefix);
  const { found, missing, unexpected, mismatched } = matching;
  const differs = missing.length + unexpected.length + mismatched.length > 0;
  if (found.size === 0 || (strict && differs)) {
    throw new WeightsError(
      misfit(model, path, matching, found.size === 0 ? suggestPrefix(targets.keys(), saved.keys()) : null),
    );
  }
  const result = { loaded: [...found.keys()], missing, unexpected, mismatched };
  const copies = [...found].flatMap(([name, source]) => {
    const target = targets.get(name);
    return target === undefined ? [] : [[name, target, source] as const];
  });
  const wrong = wrongValues(path, copies);
  if (wrong !== null) throw new WeightsError(wrong);
  return { result, copies, ...planFreezing(model, result.loaded, freeze) };
}

function planFreezing(
  model: nn.AnyModule,
  loaded: readonly string[],
  freeze: NonNullable<LoadWeightsOptions["freeze"]>,
): Pick<LoadPlan, "frozen" | "fixedStatistics"> {
  if (freeze === false) return { frozen: [], fixedStatistics: [] };
  const { parts = "", keepStatistics = false, ...rest } = asFreezeOptions(freeze);
  refuseUnknown("loadWeights", rest, { inside: "freeze" });
  const paths = typeof parts === "string" ? [parts] : parts;
  for (const path of paths) {
    if (loaded.some((name) => isBelow(name, path))) continue;
    throw new ConfigError(
      `loadWeights: 'freeze' names '${path}', where nothing was loaded. Paths are those of the model: ${[...new Set(loaded.map((name) => name.split(".").slice(0, 2).join(".")))].join(", ")}.`,
    );
  }
  const chosen = new Set(loaded.filter((name) => paths.some((path) => isBelow(name, path))));
  const frozen = [...model.namedParameters()].map(([name]) => name).filter((name) => chosen.has(name));
  const normalisations = [...model.namedModules()].filter(
    ([path, module]) =>
      module.localState().has("running_mean") && chosen.has(path === "" ? "running_mean" : `${path}.running_mean`),
  );
  return { frozen, fixedStatistics: keepStatistics ? normalisations.map(([path]) => path) : [] };
}

function asFreezeOptions(freeze: Exclude<LoadWeightsOptions["freeze"], false | undefined>): FreezeOptions {
  if (freeze === true) return {};
  if (typeof freeze === "string" || isPaths(freeze)) return { parts: freeze };
  if (typeof freeze === "object" && freeze !== null) return freeze;
  throw new ConfigError(
    `loadWeights: 'freeze' got ${show(freeze)}. Expected true, paths, or { parts, keepStatistics }.`,
  );
}

function isPaths(freeze: readonly string[] | FreezeOptions): freeze is readonly string[] {
  return Array.isArray(freeze);
}

const SHOWN = 10;

function misfit(model: nn.AnyModule, path: string, matching: Matching, suggestion: string | null): string {
  const listed = (names: readonly string[]) =>
    `${names.slice(0, SHOWN).join(", ")}${names.length > SHOWN ? `, and ${names.length - SHOWN} more` : ""}`;
  const { missing, unexpected, mismatched } = matching;
  const shapes = mismatched.map(
    ({ name, shape, expected }) => `${name} [${shape.join(", ")}], here [${expected.join(", ")}]`,
  );
  const remedy =
    suggestion === null
      ? "Load a part with { prefix }, or what fits with { strict: false }."
      : `The names would go together with { prefix: ${suggestion} }.`;
  return [
    `The weights of ${path} do not fit ${model.constructor.name}; nothing was loaded.`,
    missing.length > 0 ? `Missing in the file: ${listed(missing)}.` : "",
    unexpected.length > 0 ? `Not in the model: ${listed(unexpected)}.` : "",
    shapes.length > 0 ? `Of another shape: ${listed(shapes)}.` : "",
    remedy,
  ]
    .filter((line) => line !== "")
    .join("\n  ");
}

/** Copies what was planned. */
export function applyCopies(copies: LoadPlan["copies"]): void {
  using _scope = scope();
  using _grad = noGrad();
  for (const [, target, source] of copies) target.copy_(source);
}
