import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { type JsonValue, parseWith, show } from "../utils/config.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { checkModuleExport, importExport, type ModuleExport } from "../utils/module-export.ts";
import { naming } from "./named-error.ts";
import { type HasImages, Rng, type Transform, type TransformFunction, type TransformReference } from "./types.ts";

const state = z.array(z.number()).min(4).max(5);
const recorded = z.strictObject({ rng: state });
/** Records of earlier versions say where the stream stood, of what draws nothing, too. */
const recordedFixed = z.strictObject({ rng: state.optional() });

export interface OwnOptions {
  /** For messages and records. Default: the name of the function. */
  readonly name?: string;
  /** Whether it draws from its `rng`; one that does not gets the same stream each time. Default true: it is not known. */
  readonly random?: boolean | undefined;
  /** Where worker threads can import it. */
  readonly source?: ModuleExport | null;
}

/** A transform that is a function of one's own, ready to be applied. */
export class OwnTransform implements Transform {
  readonly name: string;
  readonly random: boolean;
  readonly keepsHistory = true;
  /** Where worker threads can import it; null where that is not known. */
  readonly source: { readonly module: string; readonly export: string } | null;
  readonly #transform: TransformFunction;

  constructor(
    transform: TransformFunction,
    { name = transform.name || "anonymous", random = true, source = null }: OwnOptions = {},
  ) {
    this.name = name;
    this.random = random;
    this.source = source && { module: String(source.module), export: source.export };
    this.#transform = transform;
  }

  /**
   * Records where the random stream stood: from there, the function does the same again. What draws nothing may be done once for all samples of an image,
   * by whichever comes first: nothing of that one is recorded.
   */
  apply<T extends HasImages>(dataPoint: T, rng: Rng): T {
    const parameters = this.random ? { rng: rng.state } : {};
    const result: unknown = naming(this.name, () => this.#transform(dataPoint, this.random ? rng : new Rng(0)));
    if (!isLike(dataPoint, result)) {
      throw new ConfigError(`The transform ${this.name} returned ${show(result)}. It must return the data point.`);
    }
    result.history = [...result.history, { name_: this.name, options: this.source, parameters }];
    return result;
  }

  replay<T extends HasImages>(dataPoint: T, parameters: JsonValue): T {
    const what = `The record of ${this.name}`;
    if (!this.random) {
      parseWith(recordedFixed, parameters, what);
      return this.apply(dataPoint, new Rng(0));
    }
    return this.apply(dataPoint, Rng.restore(parseWith(recorded, parameters, what).rng));
  }
}

function isLike<T extends HasImages>(_dataPoint: T, result: unknown): result is T {
  return typeof result === "object" && result !== null && "namedImages" in result;
}

export function isTransformFunction(value: unknown): value is TransformFunction {
  return typeof value === "function";
}

/** The transforms of one's own that were imported in this thread: a record names its transform so. */
const imported = new Map<string, OwnTransform>();
const keyOf = ({ module, export: name }: ModuleExport): string => `${module}\n${name}`;

/** The transform that a reference names, if it was used in this thread already. */
export function importedTransform(source: ModuleExport): OwnTransform | undefined {
  return imported.get(keyOf(source));
}

/**
 * The transform that a module exports.
 * @param what the option that got the reference, for messages.
 * @throws ConfigError when there is no such module, it exports no such function, or a worker thread could not import it.
 */
export function transformOfReference(what: string, { transform, random, ...source }: TransformReference): OwnTransform {
  const checked = checkModuleExport(what, source);
  return remember(checked, transform ?? required(what, checked), random);
}

/** As {@link transformOfReference}, in a worker thread, which may wait for the module. */
export async function importTransform(source: ModuleExport, random?: boolean): Promise<OwnTransform> {
  return remember(source, transformIn(source, await importExport(source)), random);
}

function remember(source: ModuleExport, transform: TransformFunction, random?: boolean): OwnTransform {
  const own = new OwnTransform(transform, { name: source.export, random, source });
  imported.set(keyOf(source), own);
  return own;
}

function required(what: string, source: { readonly module: string; readonly export: string }): TransformFunction {
  let members: unknown;
  try {
    const path = source.module.startsWith("file:") ? fileURLToPath(source.module) : source.module;
    members = createRequire(import.meta.url)(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `${what}: '${source.export}' of ${source.module} cannot be imported at once: ${why} Give the function, too: { module, export, transform }.`,
      { cause: error },
    );
  }
  return transformIn(
    source,
    typeof members === "object" && members !== null ? Reflect.get(members, source.export) : null,
  );
}

function transformIn({ module, export: name }: ModuleExport, found: unknown): TransformFunction {
  if (isTransformFunction(found)) return found;
  throw new ConfigError(
    `The transform '${name}' of ${module} is ${show(found)}. A function of a data point is needed.`,
  );
}
