import type { ImagePlace } from "../base.ts";
import type { ImageLike } from "../types.ts";

/** Checks that an image has the shape of the first of its data point. @throws ImageError when not */
export function sameShapes(image: ImageLike, place: ImagePlace): void {
  const [first] = place.dataPoint.namedImages();
  if (first === undefined) return;
  const [name, { tensor }] = first;
  const [own, other] = [image.tensor.shape.slice(1).join("×"), tensor.shape.slice(1).join("×")];
  if (own === other) return;
  throw place.error(
    `has ${own} voxels, and '${name}' has ${other}: they would not be moved alike. Bring them to one grid before: Resample, with '${name}' as its target.`,
  );
}
