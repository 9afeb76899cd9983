import type * as torch from "../../torch/index.ts";
import { warnOnce } from "../../utils/warnings.ts";
import type { ImagePlace } from "../base.ts";
import { isOneOf } from "../masking.ts";
import type { Grid } from "../resampling/grid.ts";
import { centred } from "./extent.ts";

interface Around {
  readonly maskName: string;
  /** Which of its values count; null: all but 0. */
  readonly labels: readonly number[] | null;
  /** How many voxels along each axis; null: those of the box. */
  readonly size: readonly number[] | null;
  readonly place: ImagePlace;
  readonly grids: ReadonlyMap<string, Grid>;
}

/**
 * Where an image begins that has the middle of a mask's box as its own, and its size. Where both cannot be in the middle of a voxel, or between two, it begins half a
 * voxel earlier, as in TorchIO.
 * @throws ImageError when there is no such mask, the image does not lie on it, or the size of an empty one is asked for.
 */
export function aroundMask(
  grid: Grid,
  { maskName, labels, size, place, grids }: Around,
): { readonly start: readonly number[]; readonly size: readonly number[] } {
  const found = [...place.dataPoint.namedImages()].find(([name, image]) => name === maskName && image.kind === "label");
  if (found === undefined) {
    const masks = [...place.dataPoint.namedImages()]
      .filter(([, { kind }]) => kind === "label")
      .map(([name]) => `'${name}'`);
    throw place.error(
      `is to be cropped around '${maskName}', which is no mask of it. It has ${masks.join(", ") || "none"}.`,
    );
  }
  const own = grids.get(maskName);
  if (own?.shape.join() !== grid.shape.join() || own.affine.join() !== grid.affine.join()) {
    throw place.error(
      `does not lie on '${maskName}', around which it is to be cropped. Resample one to the other first.`,
    );
  }
  const box = boxOf(found[1].tensor, labels);
  if (box === null) {
    const { participantId, sessionId } = place.dataPoint;
    const what = `${place.what}: the mask '${maskName}' of ${participantId}, ${sessionId} has no voxel${labels === null ? "" : ` of the labels ${labels.join(", ")}`}`;
    if (size === null)
      throw place.error(
        `cannot be cropped to '${maskName}', which has no voxel. Give a 'targetShape', or leave the session out.`,
      );
    warnOnce(`empty mask ${what}`, `${what}: the image is cropped around its own centre.`);
    return { start: centred(grid, size), size };
  }
  const target = size ?? box.map(([first, end]) => end - first);
  const start = box.map(([first, end], axis) => Math.floor((first + end - (target[axis] ?? 1)) / 2));
  return { start, size: target };
}

/** The first voxel along each axis and the one after the last, of the first channel; null where there is none. */
function boxOf(mask: torch.Tensor, labels: readonly number[] | null): (readonly [first: number, end: number])[] | null {
  const channel = mask.select(0, 0);
  const inside = labels === null ? channel.ne(0) : isOneOf(channel, labels);
  const box = [0, 1, 2].map((axis): readonly [number, number] => {
    const others = [0, 1, 2].filter((other) => other !== axis);
    const along = inside.to({ dtype: "uint8" }).amax(others).toNumbers();
    return [along.indexOf(1), along.lastIndexOf(1) + 1];
  });
  return box.some(([first]) => first < 0) ? null : box;
}
