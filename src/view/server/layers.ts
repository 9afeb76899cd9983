import { basename, join } from "node:path";
import { Maps } from "../../io/maps/index.ts";
import { entriesOf } from "../../io/maps/scan.ts";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { type EvaluationKey, type FileFinder, findImages, type Part, partOf } from "../read/index.ts";
import { inside } from "./inside.ts";

/** A picture that is shown of a session: its image, or what lies on it. */
export interface Layer {
  /** `image`, the name of a mask, or of what was predicted. */
  readonly name: string;
  /** A mask is one that the samples carried; a prediction may be one as well. */
  readonly kind: "image" | "mask" | "prediction";
  /** Of the file, with its suffix, by which it is read. */
  readonly file: string;
}

/** A layer, and where its file is: below the MAPS or a dataset that it names. */
export interface FoundLayer extends Layer {
  readonly path: string;
}

/** What is shown of a session: its image first. */
export interface Layers<Each extends Layer = Layer> {
  readonly layers: readonly Each[];
  /** Why masks are not among them. */
  readonly missing: readonly string[];
}

export interface LayersOptions {
  readonly participant: string;
  readonly session: string;
  /** Where the BIDS dataset is, if it is no longer where the MAPS says. */
  readonly bids?: string | undefined;
}

/** The image of a session, with its masks and the images that the model predicted of it: the image comes first. */
export function findLayers(
  maps: string,
  key: EvaluationKey,
  { participant, session, bids }: LayersOptions,
): Part<Layers<FoundLayer>> {
  return partOf(() => {
    const finder = findImages(maps, key, bids === undefined ? {} : { bids });
    if (!finder.found) throw new ClinicaDLException(finder.reason);
    const fileOf = ({ dataset, pathOf }: FileFinder): string => {
      const path = pathOf(participant, session);
      if (!path.found) throw new ClinicaDLException(path.reason);
      return inside(path.value, [maps, dataset]);
    };
    const image = fileOf(finder.value);
    const masks = [...finder.value.masks].map(([name, mask]) =>
      mask.found ? partOf(() => ({ name, path: fileOf(mask.value) })) : mask,
    );
    return {
      layers: [
        { name: "image", kind: "image", file: basename(image), path: image },
        ...masks.flatMap((mask) =>
          mask.found ? [{ ...mask.value, kind: "mask" as const, file: basename(mask.value.path) }] : [],
        ),
        ...predicted(maps, key, `${participant}_${session}`),
      ],
      missing: masks.flatMap((mask) => (mask.found ? [] : [mask.reason])),
    };
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
      return {
        name: label ?? name,
        kind: "prediction",
        file: name,
        path: inside(join(images, name), [path]),
      };
    });
}
