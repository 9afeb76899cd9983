import type { ImagePlace } from "../base.ts";
import type { Grid } from "./grid.ts";

/** Checks that an image has the shape of the first of its data point. @throws ImageError when not */
export function sameShapes({ shape }: Grid, place: ImagePlace, grids: ReadonlyMap<string, Grid>): void {
  const [first] = grids;
  if (first === undefined) return;
  const [name, grid] = first;
  const [own, other] = [shape.join("×"), grid.shape.join("×")];
  if (own === other) return;
  throw place.error(
    `has ${own} voxels, and '${name}' has ${other}: they would not be moved alike. Bring them to one grid before: Resample, with '${name}' as its target.`,
  );
}
