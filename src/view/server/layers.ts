import { basename, join } from "node:path";
import { Maps } from "../../io/maps/index.ts";
import { entriesOf } from "../../io/maps/scan.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { type EvaluationKey, findImages, type Part, partOf } from "../read/index.ts";
import { inside } from "./inside.ts";

/** A picture that is shown of a session: its image, or what lies on it. */
export interface Layer {
  /** `image`, the name of a mask, or of what was predicted. */
  readonly name: string;
  readonly kind: "image" | "mask" | "prediction";
  /** Of the file, with its suffix, by which it is read. */
  readonly file: string;
}

/** A layer, and where its file is: below the MAPS or its dataset. */
export interface FoundLayer extends Layer {
  readonly path: string;
}

export interface LayersOptions {
  readonly participant: string;
  readonly session: string;
  /** Where the BIDS dataset is, if it is no longer where the MAPS says. */
  readonly bids?: string | undefined;
}

/** The image of a session, with the images that the model predicted of it: the image comes first. */
export function findLayers(
  maps: string,
  key: EvaluationKey,
  { participant, session, bids }: LayersOptions,
): Part<readonly FoundLayer[]> {
  return partOf(() => {
    const finder = findImages(maps, key, bids === undefined ? {} : { bids });
    if (!finder.found) throw new ClinicaDLException(finder.reason);
    const image = finder.value.pathOf(participant, session);
    if (!image.found) throw new ClinicaDLException(image.reason);
    const path = inside(image.value, [maps, finder.value.dataset]);
    return [
      { name: "image", kind: "image", file: basename(image.value), path },
      ...predicted(maps, key, `${participant}_${session}`),
    ];
  });
}

/** What `predict` has written of the session. */
function predicted(path: string, { models, checkpoint, group }: EvaluationKey, session: string): FoundLayer[] {
  if (group === null) return [];
  const { images } = new Maps(path).prediction.group(group).results(models, checkpoint);
  return entriesOf(images)
    .filter((entry) => entry.name.startsWith(`${session}_`) && /\.nii(\.gz)?$/.test(entry.name))
    .map(({ name }) => {
      const [, label] = /_desc-([^_]+)_/.exec(name) ?? /_([^_]+)\.nii/.exec(name) ?? [];
      const isMask = /_mask\.nii/.test(name);
      return {
        name: label ?? name,
        kind: isMask ? "mask" : "prediction",
        file: name,
        path: inside(join(images, name), [path]),
      };
    });
}
