import { z } from "zod";
import { type JsonObject, type JsonValue, parseWith } from "../../utils/config.ts";
import { ConfigError } from "../../utils/exceptions.ts";
import { snakeToCamel } from "../../utils/names.ts";
import { type Move, SpatialTransform } from "../spatial/spatial-transform.ts";
import { Waiting } from "../spatial/waiting.ts";
import type { HasImages, Rng, Transform } from "../types.ts";

type Part = Pick<SpatialTransform<JsonValue>, "name" | "random" | "options" | "drawMove" | "recordedMove">;

/** For each part, what was drawn; null for one that was not applied, by its `p`. */
const recorded = z.array(z.strictObject({ drawn: z.json() }).nullable());

/**
 * Spatial transforms that follow each other, as one: their steps are put together, and each image is sampled once. A history has one record of it, of a
 * `Compose` of these parts.
 */
export class SampledOnce implements Transform {
  readonly name: string;
  readonly keepsHistory = true;
  readonly random: boolean;
  readonly #parts: readonly Part[];
  /** As in all records, which share it. */
  readonly #options: JsonObject;

  constructor(name: string, parts: readonly Part[]) {
    this.name = name;
    this.random = parts.some(({ random }) => random);
    this.#parts = parts;
    const transforms = parts.map(({ options }) => options);
    this.#options = Object.freeze({ name_: name, transforms, copy: false, once: true });
    checkParts(name, parts);
  }

  apply<T extends HasImages>(dataPoint: T, rng: Rng): T {
    return this.#take(
      dataPoint,
      this.#parts.map((part) => part.drawMove(dataPoint, rng)),
    );
  }

  replay<T extends HasImages>(dataPoint: T, parameters: JsonValue): T {
    const what = `The record of ${this.name}`;
    const drawn = parseWith(recorded.length(this.#parts.length), parameters, what);
    const moves = this.#parts.map((part, i) => {
      const own = drawn[i] ?? null;
      return own && part.recordedMove(own.drawn);
    });
    return this.#take(dataPoint, moves);
  }

  #take<T extends HasImages>(dataPoint: T, moves: readonly (Move | null)[]): T {
    if (moves.every((move) => move === null)) return dataPoint;
    const waiting = new Waiting();
    for (const move of moves) move?.take(dataPoint, waiting);
    waiting.sample();
    const parameters = moves.map((move) => move && { drawn: move.parameters });
    dataPoint.history = [...dataPoint.history, { name_: this.name, options: this.#options, parameters }];
    return dataPoint;
  }
}

/** Transforms, of which spatial ones that follow each other are put together. @throws ConfigError when they cannot be */
export function sampledOnce(name: string, transforms: readonly Transform[]): Transform[] {
  const runs: Transform[][] = [];
  for (const transform of transforms) {
    const last = runs.at(-1);
    if (transform instanceof SpatialTransform && last?.at(-1) instanceof SpatialTransform) last.push(transform);
    else runs.push([transform]);
  }
  return runs.flatMap((run): Transform[] => {
    const parts = run.filter((transform) => transform instanceof SpatialTransform);
    return parts.length > 1 ? [new SampledOnce(name, parts)] : run;
  });
}

function checkParts(name: string, parts: readonly Part[]): void {
  const copying = parts.find(({ options }) => options.copy === true);
  if (copying !== undefined) {
    throw new ConfigError(
      `${name} with once: true: ${copying.name} has copy: true, and is not done by itself. Give copy to the ${name}.`,
      { fieldNames: ["copy"] },
    );
  }
  for (const option of ["image_interpolation", "label_interpolation"]) {
    const given = parts.filter(({ options }) => Object.hasOwn(options, option));
    if (new Set(given.map(({ options }) => options[option])).size < 2) continue;
    const list = given.map((part) => `${part.name} ${JSON.stringify(part.options[option])}`).join(", ");
    throw new ConfigError(
      `${name} with once: true: images are interpolated once, and '${snakeToCamel(option)}' differs: ${list}. Give the same to all of them.`,
    );
  }
}
