import type { z } from "zod";
import { type JsonObject, type JsonValue, parseWith, type ToDict } from "../utils/config.ts";
import type { HasImages, ImageLike, Rng, Transform } from "./types.ts";

/** What is needed of the config of a transform. */
interface Options extends ToDict {
  readonly name_: string;
  /** How likely it is applied at all. Default 1. */
  readonly p?: number;
  /** Whether a copy is changed, and what was given stays as it is. */
  readonly copy: boolean;
}

/** What a transform does. */
export interface Behaviour<D extends JsonValue> {
  readonly random: boolean;
  readonly drawn: z.ZodType<D>;
  readonly draw: (dataPoint: HasImages, rng: Rng) => D;
  readonly change: (dataPoint: HasImages, parameters: D) => void;
  /** Null: it cannot be undone. */
  readonly undo: ((image: ImageLike, parameters: D, dataPoint: HasImages) => void) | null;
}

/** Draws, changes, and records what was drawn; or changes by what a record says. */
export class DrawnTransform<D extends JsonValue> implements Transform {
  readonly name: string;
  readonly keepsHistory = true;
  readonly undo?: NonNullable<Transform["undo"]>;
  /** As in all records of this transform, which share it. */
  readonly options: JsonObject;
  readonly #config: Options;
  readonly #behaviour: Behaviour<D>;

  constructor(config: Options, behaviour: Behaviour<D>) {
    this.name = config.name_;
    this.#config = config;
    this.#behaviour = behaviour;
    this.options = Object.freeze(config.toDict());
    const { undo } = behaviour;
    if (undo !== null) {
      this.undo = (image, parameters, dataPoint) => undo(image, this.read(parameters), dataPoint);
    }
  }

  get random(): boolean {
    return this.#behaviour.random;
  }

  apply<T extends HasImages>(dataPoint: T, rng: Rng): T {
    const drawn = this.draw(dataPoint, rng);
    return drawn === undefined ? dataPoint : this.#change(dataPoint, drawn);
  }

  replay<T extends HasImages>(dataPoint: T, parameters: JsonValue): T {
    return this.#change(dataPoint, this.read(parameters));
  }

  /** What is drawn this time; undefined where, by its `p`, nothing is done. */
  protected draw(dataPoint: HasImages, rng: Rng): D | undefined {
    const { p = 1 } = this.#config;
    // nothing is drawn for p = 1, so that streams are what they were before there was a p
    if (p < 1 && rng.uniform() >= p) return undefined;
    return this.#behaviour.draw(dataPoint, rng);
  }

  protected read(parameters: JsonValue): D {
    return parseWith(this.#behaviour.drawn, parameters, `The record of ${this.name}`);
  }

  #change<T extends HasImages>(dataPoint: T, parameters: D): T {
    const target = this.#config.copy ? dataPoint.copy() : dataPoint;
    this.#behaviour.change(target, parameters);
    target.history = [...target.history, { name_: this.name, options: this.options, parameters }];
    return target;
  }
}
