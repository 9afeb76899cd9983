import { z } from "zod";
import type { JsonValue } from "../../utils/config.ts";
import { type ActsOn, type Drawing, ImagePlace, selectImages, type TransformOptions } from "../base.ts";
import { DrawnTransform } from "../drawn-transform.ts";
import type { Grid } from "../resampling/grid.ts";
import type { HasImages, Rng, Transform } from "../types.ts";
import { checkPadding } from "./padded-mask.ts";
import { pads, type Step } from "./step.ts";
import { Waiting } from "./waiting.ts";

/** What a spatial transform does. */
interface Spatial<D extends JsonValue> extends Pick<Drawing<D>, "drawn" | "undo"> {
  readonly random: boolean;
  /** What is drawn, once for all images. */
  readonly draw: (rng: Rng) => D;
  /** Default: "all". */
  readonly actsOn?: ActsOn;
  /** The name of an image that stays as it is. Default: none does. */
  readonly stays?: string | null;
  /** Whether `step` looks at voxels, so that all that waits is sampled before. Default false. */
  readonly looksAtVoxels?: boolean;
  /**
   * What is done to an image on a grid; null where nothing is. Images on one grid are moved alike: it is asked once for them.
   * @param grids those of all images of the data point, as they are then.
   */
  readonly step: (grid: Grid, drawn: D, place: ImagePlace, grids: ReadonlyMap<string, Grid>) => Step | null;
}

/** A transform of grids that draws nothing. */
export function spatial(
  config: TransformOptions,
  how: Pick<Spatial<null>, "actsOn" | "stays" | "looksAtVoxels"> & {
    readonly step: (grid: Grid, place: ImagePlace, grids: ReadonlyMap<string, Grid>) => Step | null;
  },
): Transform {
  return new SpatialTransform<null>(config, {
    ...how,
    random: false,
    drawn: z.null(),
    draw: () => null,
    step: (grid, _, place, grids) => how.step(grid, place, grids),
  });
}

/** As {@link spatial}, of a transform that draws, once for all images, which stay aligned. */
export function randomSpatial<D extends JsonValue>(
  config: TransformOptions,
  how: Omit<Spatial<D>, "random" | "actsOn" | "stays" | "looksAtVoxels">,
): Transform {
  return new SpatialTransform(config, { ...how, random: true });
}

/** What was drawn for a data point, and what that does. */
export interface Move {
  readonly parameters: JsonValue;
  /** Takes the steps of all images. */
  take(dataPoint: HasImages, waiting: Waiting): void;
}

/** A transform that changes the grids of images and nothing else: `Compose` with `once` puts several together. */
export class SpatialTransform<D extends JsonValue> extends DrawnTransform<D> {
  readonly #config: TransformOptions;
  readonly #how: Spatial<D>;

  constructor(config: TransformOptions, how: Spatial<D>) {
    const { random, drawn, draw, undo } = how;
    super(config, {
      random,
      drawn,
      draw: (_, rng) => draw(rng),
      change: (dataPoint, parameters) => {
        const waiting = new Waiting();
        this.#move(parameters).take(dataPoint, waiting);
        waiting.sample();
      },
      undo:
        undo === undefined
          ? null
          : (image, parameters, dataPoint) => undo(image, parameters, new ImagePlace(config.name_, "image", dataPoint)),
    });
    this.#config = config;
    this.#how = how;
  }

  /** What is drawn this time; null where, by its `p`, nothing is done. */
  drawMove(dataPoint: HasImages, rng: Rng): Move | null {
    const drawn = this.draw(dataPoint, rng);
    return drawn === undefined ? null : this.#move(drawn);
  }

  /** What the parameters of a record say. */
  recordedMove(parameters: JsonValue): Move {
    return this.#move(this.read(parameters));
  }

  #move(parameters: D): Move {
    const { actsOn = "all", stays = null, looksAtVoxels = false, step } = this.#how;
    return {
      parameters,
      take: (dataPoint, waiting) => {
        if (looksAtVoxels) waiting.sample();
        let last: { readonly grid: Grid; readonly step: Step | null } | null = null;
        for (const [image, place] of selectImages(this.#config, dataPoint, actsOn)) {
          if (place.name === stays) continue;
          const grid = waiting.gridOf(image);
          if (last === null || !sameGrid(last.grid, grid)) {
            const grids = new Map([...dataPoint.namedImages()].map(([name, other]) => [name, waiting.gridOf(other)]));
            last = { grid, step: step(grid, parameters, place, grids) };
          }
          if (last.step === null) continue;
          if (last.step.kind === "extent" && pads(grid, last.step))
            checkPadding(image, last.step, place, this.#config.include);
          waiting.add(image, last.step);
        }
      },
    };
  }
}

function sameGrid(a: Grid, b: Grid): boolean {
  return a.shape.every((n, axis) => n === b.shape[axis]) && a.affine.every((value, i) => value === b.affine[i]);
}
