import { ImageError } from "../../utils/exceptions.ts";
import type { HasImages } from "../types.ts";

type Triple = readonly [number, number, number];

/**
 * The voxels along x, y and z of all images of a data point, which are cut alike.
 * @throws ImageError when their sizes differ.
 */
export function commonShape(what: string, dataPoint: HasImages): Triple {
  const { participantId, sessionId } = dataPoint;
  let first: { readonly name: string; readonly shape: Triple } | null = null;
  for (const [name, image] of dataPoint.namedImages()) {
    const [, d = 1, h = 1, w = 1] = image.tensor.shape;
    first ??= { name, shape: [d, h, w] };
    if (first.shape.join() === [d, h, w].join()) continue;
    throw new ImageError(
      `${what}: '${first.name}' of ${participantId}, ${sessionId} has ${first.shape.join("×")} voxels, '${name}' has ${[d, h, w].join("×")}; they cannot be cut alike. Apply image transforms that change the size to all images.`,
    );
  }
  if (first === null) throw new ImageError(`${what}: ${participantId}, ${sessionId} has no image.`);
  return first.shape;
}
