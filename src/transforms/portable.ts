/** Transforms on their way to a worker thread, which builds them again. */
import type { JsonObject } from "../utils/config.ts";
import { ClinicaDLException, ConfigError } from "../utils/exceptions.ts";
import { checkModuleExport, importExport, type ModuleExport } from "../utils/module-export.ts";
import { BUILT_IN, transformRegistry } from "./catalogue.ts";
import { ComposeConfig } from "./composition/compose.ts";
import { OneOfConfig } from "./composition/one-of.ts";
import { type HeldTransform, isConfig } from "./like.ts";
import { importTransform, OwnTransform } from "./own.ts";
import { moduleOfTransform } from "./registry.ts";

/** What a worker thread needs to build a transform again; `postMessage` can clone it. */
export type PortableTransform =
  | { readonly kind: "config"; readonly json: JsonObject; readonly source: ModuleExport | null }
  | { readonly kind: "function"; readonly source: ModuleExport; readonly random: boolean }
  | { readonly kind: "composed"; readonly json: JsonObject; readonly parts: readonly PortablePart[] };
type PortablePart = PortableTransform | readonly PortableTransform[];

/**
 * What a worker thread needs to build a transform again: the JSON of a config of this package; the module of a function, or of the class of a config of
 * one's own. Nothing is sent or run: a loader calls it when it is built, so that what cannot travel is said there.
 *
 * @param what the option that has the transform, for messages.
 * @throws ConfigError naming a transform that cannot travel, and what to do.
 */
export function portableTransform(what: string, held: HeldTransform): PortableTransform {
  if (held instanceof OwnTransform) {
    if (held.source === null) {
      refuse(what, held.name, `it is not known which module it comes from. Give it as ${REFERENCE}`);
    }
    return { kind: "function", source: checkModuleExport(what, held.source), random: held.random };
  }
  if (!isConfig(held)) {
    refuse(what, held.name, `it is an object of one's own. Make it a function, given as ${REFERENCE}`);
  }
  if (held instanceof ComposeConfig || held instanceof OneOfConfig) {
    const one = (part: HeldTransform): PortableTransform => portableTransform(what, part);
    const parts = held.transforms.map((part) => (Array.isArray(part) ? part.map(one) : one(part)));
    return { kind: "composed", json: held.toDict(), parts };
  }
  const source = moduleOfTransform(held);
  if (source === undefined && !isOfPackage(held)) {
    refuse(
      what,
      held.name_,
      "it is not known which module exports its class. Call registerTransform(itsClass, { module: import.meta.url })",
    );
  }
  const json = held.toDict();
  try {
    transformRegistry.read(what, "transforms", json);
  } catch (error) {
    if (!(error instanceof ClinicaDLException)) throw error;
    refuse(what, held.name_, `it cannot be built again from its JSON (${error.message})`, error);
  }
  return { kind: "config", json, source: source === undefined ? null : checkModuleExport(what, source) };
}

/** Whether a transform is one of this package's, and all that it is composed of: what it does follows from its JSON. */
export function isOfPackage(held: HeldTransform): boolean {
  if (held instanceof ComposeConfig || held instanceof OneOfConfig) return held.transforms.flat().every(isOfPackage);
  return isConfig(held) && BUILT_IN.has(held.name_) && transformRegistry.get(held.name_) === held.constructor;
}

const REFERENCE = `{ module: import.meta.url, export: "itsName" }`;

function refuse(what: string, name: string, why: string, cause?: unknown): never {
  throw new ConfigError(
    `${what}: the transform '${name}' cannot travel to a worker thread: ${why}, or use numWorkers: 0.`,
    { cause },
  );
}

/** The transform again, in a worker thread. */
export async function transformFromPortable(portable: PortableTransform): Promise<HeldTransform> {
  switch (portable.kind) {
    case "function":
      return importTransform(portable.source, portable.random);
    case "config": {
      // the module may register the class itself
      const Class = portable.source === null ? null : await importExport(portable.source);
      if (isReader(Class)) {
        const config = Class.fromDict(portable.json);
        if (typeof config === "object" && config !== null && transformRegistry.has(config)) return config;
      }
      return transformRegistry.read("A transform", "transforms", portable.json);
    }
    case "composed": {
      const { json, parts } = portable;
      if (json.name_ === ComposeConfig.name_) {
        const transforms = await Promise.all(parts.flat().map(transformFromPortable));
        return ComposeConfig.fromDict(json, { transforms });
      }
      const transforms = await Promise.all(
        parts.map((part) =>
          isList(part) ? Promise.all(part.map(transformFromPortable)) : transformFromPortable(part),
        ),
      );
      return OneOfConfig.fromDict(json, { transforms });
    }
  }
}

function isList(part: PortablePart): part is readonly PortableTransform[] {
  return Array.isArray(part);
}

function isReader(value: unknown): value is { fromDict(json: JsonObject): unknown } {
  return typeof value === "function" && "fromDict" in value && typeof value.fromDict === "function";
}
