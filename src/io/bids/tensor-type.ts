/** Files of tensors: what the conversion of images to tensors writes. */
import { basename } from "node:path";
import { z } from "zod";
import { parseWith } from "../../utils/config.ts";
import { BidsFileType } from "./file-type.ts";

const options = z.strictObject({ entities: z.custom<BidsFileType["withEntities"]>().default(null) });

export interface TensorTypeOptions {
  /** What the names of the files must have, as `withEntities` of `BidsFileType`. Default null: nothing. */
  readonly entities?: BidsFileType["withEntities"];
}

/** What a file of tensors is made of. */
export interface TensorSources {
  /** The name of the conversion, which becomes the entity `conv`. */
  readonly conversionName: string;
  readonly image: BidsFileType;
  /** Types of the masks that every image has of its own. Default: none. */
  readonly individualMasks?: readonly BidsFileType[];
  /** Files of the masks that all images share. Default: none. */
  readonly commonMasks?: readonly string[];
  /** Whether transforms were done: then the sources' entities say nothing of the result. Default false. */
  readonly transformed?: boolean;
}

/**
 * Files `tensors/…_tensors.pt`.
 * @example
 * ```ts
 * const type = new TensorType({ entities: { conv: "normalised" } });
 * console.log(type.suffix, type.extension); // → tensors .pt
 * ```
 */
export class TensorType extends BidsFileType {
  constructor(given: TensorTypeOptions = {}) {
    const { entities } = parseWith(options, given, "TensorType");
    super({
      suffix: "tensors",
      dataType: "tensors",
      extension: ".pt",
      withEntities: entities ?? {},
      description: "Tensors made of images",
    });
  }

  /**
   * The type of tensors, from the types of what is in them: the entities that all sources have, with the same value; the
   * image's suffix as `src`; the conversion as `conv`. Expressions that are no plain values are left out.
   */
  static fromSourceFileTypes(sources: TensorSources): TensorType {
    const { conversionName, image, individualMasks = [], commonMasks = [], transformed = false } = sources;
    const all = [image, ...individualMasks].map((type): Record<string, string> => ({ ...type.withEntities }));
    const entities = transformed ? {} : sharedOf([...all, ...commonMasks.map(entitiesOf)]);
    if (isPlain(image.suffix)) entities.src = image.suffix;
    entities.conv = conversionName;
    return new TensorType({ entities });
  }
}

const isPlain = (text: string): boolean => /^[\p{L}\p{N}]+$/u.test(text);

/** What the name of a file says, which need not follow the rules of BIDS: that of a mask may be anything. */
function entitiesOf(path: string): Record<string, string> {
  const [stem = ""] = basename(path).split(".");
  return Object.fromEntries(
    stem.split("_").flatMap((part) => {
      const dash = part.indexOf("-");
      return dash > 0 ? [[part.slice(0, dash), part.slice(dash + 1)]] : [];
    }),
  );
}

function sharedOf([first = {}, ...others]: readonly Record<string, string>[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(first).filter(
      ([key, value]) => isPlain(value) && others.every((other) => Object.hasOwn(other, key) && other[key] === value),
    ),
  );
}
