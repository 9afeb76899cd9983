/** Which images an experiment is begun with, and the voxels that they have. */
import { type Bids, BidsFileType, type FileKind, fileKinds } from "../../io/bids/index.ts";
import { readNiftiHeader, spacingOf } from "../../io/nifti/index.ts";
import { orientationOf } from "../../transforms/affine.ts";
import { ConfigError } from "../../utils/exceptions.ts";

/** What is no scan, whatever its extension: masks, segmentations, probabilities. */
const NO_SCAN = new Set(["mask", "dseg", "probseg", "sbref", "bold", "dwi"]);
const IMAGE = /^\.(nii|nii\.gz|mgz|mgh)$/i;

/** The kinds of files that can be trained on, the likeliest first: scans, anatomical ones, of most sessions. */
export function imageKinds(bids: Bids): FileKind[] {
  const images = fileKinds(bids).filter(({ extension }) => IMAGE.test(extension));
  const rank = ({ suffix, dataType }: FileKind): number => (NO_SCAN.has(suffix) ? 2 : dataType === "anat" ? 0 : 1);
  return images.sort((a, b) => rank(a) - rank(b) || b.sessions - a.sessions);
}

export function kindText({ dataType, suffix, extension, entities, sessions }: FileKind): string {
  const named = Object.entries(entities).map(([key, value]) => `${key}-${value}`);
  return `${dataType === null ? "" : `${dataType}/`}${[...named, suffix].join("_")}${extension} (${sessions} sessions)`;
}

/** The file type that takes this kind and none of the others. */
export function typeOf(kind: FileKind, kinds: readonly FileKind[]): BidsFileType {
  const alike = kinds.filter((one) => one.suffix === kind.suffix && one.dataType === kind.dataType);
  const foreign = alike.flatMap(({ entities }) => Object.keys(entities).filter((key) => !(key in kind.entities)));
  const extensions = new Set(alike.map(({ extension }) => extension.toLowerCase()));
  const literal = (text: string): string => text.replaceAll(/[.+*?^$(){}[\]|\\]/g, "\\$&");
  const values = (keys: Iterable<[string, string]>): Record<string, string> | null => {
    const entries = [...keys];
    return entries.length === 0 ? null : Object.fromEntries(entries);
  };
  return new BidsFileType({
    suffix: literal(kind.suffix),
    dataType: kind.dataType === null ? null : literal(kind.dataType),
    ...(extensions.size === 1 && kind.extension.startsWith(".nii") ? {} : { extension: literal(kind.extension) }),
    withEntities: values(Object.entries(kind.entities).map(([key, value]) => [key, literal(value)])),
    withoutEntities: values([...new Set(foreign)].map((key) => [key, ".*"])),
  });
}

/** The voxels of the images: those of all, or what all can be brought to. */
export interface Voxels {
  readonly shape: readonly [number, number, number];
  /** In millimetres. Null where all images have the same shape, and nothing needs to be done. */
  readonly spacing: readonly [number, number, number] | null;
}

/**
 * Reads the headers of the images. Where they differ, all are brought to the median spacing, and to a shape into which each fits.
 * @throws ImageError for a file that is no image. @throws ConfigError for one with several channels.
 */
export function voxelsOf(paths: readonly string[]): Voxels {
  const headers = paths.map((path) => {
    const { shape, affine, channels } = readNiftiHeader(path);
    if (channels !== 1) throw new ConfigError(`${path} has ${channels} volumes: choose images of one volume each.`);
    return toRas(shape, affine);
  });
  const [first] = headers;
  if (first === undefined) throw new ConfigError("There is no image.");
  if (headers.every(({ raw }) => raw.join() === first.raw.join())) return { shape: first.raw, spacing: null };
  const spacing = triple((axis) => {
    const sorted = headers.map((one) => one.spacing[axis] ?? 1).sort((a, b) => a - b);
    return Number((sorted[Math.floor(sorted.length / 2)] ?? 1).toPrecision(3));
  });
  const extent = (axis: number): number =>
    Math.max(...headers.map((one) => ((one.shape[axis] ?? 1) * (one.spacing[axis] ?? 1)) / (spacing[axis] ?? 1)));
  return { shape: triple((axis) => Math.ceil(extent(axis) - 1e-3)), spacing };
}

function triple(of: (axis: number) => number): [number, number, number] {
  return [of(0), of(1), of(2)];
}

/** Shape and spacing with the axes in the order right, anterior, superior, as `ToCanonical` puts them. */
function toRas(raw: readonly [number, number, number], affine: Float64Array) {
  const size = spacingOf(affine);
  const directions = orientationOf(affine);
  const along = (world: number): number => directions.findIndex((direction) => direction.world === world);
  return {
    raw,
    shape: triple((world) => raw[along(world)] ?? 1),
    spacing: triple((world) => size[along(world)] ?? 1),
  };
}
