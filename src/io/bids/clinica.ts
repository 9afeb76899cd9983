/** File types of Clinica's pipelines (https://aramislab.paris.inria.fr/clinica). */
import { z } from "zod";
import { parseWith } from "../../utils/config.ts";
import { BidsFileType } from "./file-type.ts";

const SPACE = "MNI152NLin2009cSym";
const RESOLUTION = "1x1x1";

const linear = z.strictObject({ useUncroppedImage: z.boolean().default(false) });
export type LinearOptions = z.input<typeof linear>;

/** What t1-linear and its kin have in common; entities in the order of the file name. */
function registered(before: Record<string, string>, after: Record<string, string>, uncropped: boolean) {
  return {
    withEntities: { ...before, space: SPACE, ...(uncropped ? {} : { desc: "Crop" }), res: RESOLUTION, ...after },
    withoutEntities: uncropped ? { desc: "Crop" } : {},
  };
}

function describe(what: string, pipeline: string, uncropped: boolean): string {
  const crop = uncropped ? "not cropped" : "cropped to 169×208×179 voxels of 1 mm";
  return `${what} from Clinica's ${pipeline}, registered to ${SPACE}, ${crop}`;
}

/**
 * T1-weighted MRI of `clinica run t1-linear`; cropped images unless `useUncroppedImage`.
 * @example
 * ```ts
 * const t1w = new T1Linear();
 * console.log(t1w.suffix, t1w.withEntities); // → T1w { space: 'MNI152NLin2009cSym', desc: 'Crop', res: '1x1x1' }
 * ```
 */
export class T1Linear extends BidsFileType {
  constructor(options: LinearOptions = {}) {
    const { useUncroppedImage } = parseWith(linear, options, "T1Linear");
    super({
      suffix: "T1w",
      dataType: "t1_linear",
      ...registered({}, {}, useUncroppedImage),
      description: describe("T1-weighted MRI", "t1-linear", useUncroppedImage),
    });
  }
}

/**
 * FLAIR MRI of `clinica run flair-linear`; cropped images unless `useUncroppedImage`.
 * @example
 * ```ts
 * console.log(new FlairLinear().suffix, new FlairLinear({ useUncroppedImage: true }).withoutEntities); // → FLAIR { desc: 'Crop' }
 * ```
 */
export class FlairLinear extends BidsFileType {
  constructor(options: LinearOptions = {}) {
    const { useUncroppedImage } = parseWith(linear, options, "FlairLinear");
    super({
      suffix: "FLAIR",
      dataType: "flair_linear",
      ...registered({}, {}, useUncroppedImage),
      description: describe("FLAIR MRI", "flair-linear", useUncroppedImage),
    });
  }
}

const pet = z.strictObject({
  tracer: z.enum(["11CPIB", "18FAV1451", "18FAV45", "18FFBB", "18FFDG", "18FFMM"]),
  suvrReferenceRegion: z.enum(["pons", "cerebellumPons", "pons2", "cerebellumPons2"]),
  reconstruction: z
    .enum(["nacstat", "nacdyn", "acstat", "acdyn", "coregdyn", "coregavg", "coregstd", "coregiso"])
    .nullable()
    .default(null),
  useUncroppedImage: z.boolean().default(false),
});
export type PetOptions = z.input<typeof pet>;

/**
 * PET of `clinica run pet-linear`: a tracer, the region that SUVR refers to, and how the image was reconstructed (default: not said).
 * @example
 * ```ts
 * const pet = new PetLinear({ tracer: "18FFDG", suvrReferenceRegion: "cerebellumPons2" });
 * console.log(pet.suffix, pet.withEntities?.trc); // → pet 18FFDG
 * ```
 */
export class PetLinear extends BidsFileType {
  constructor(options: PetOptions) {
    const { tracer, suvrReferenceRegion, reconstruction, useUncroppedImage } = parseWith(pet, options, "PetLinear");
    const { withEntities, withoutEntities } = registered(
      { trc: tracer },
      { suvr: suvrReferenceRegion },
      useUncroppedImage,
    );
    super({
      suffix: "pet",
      dataType: "pet_linear",
      withEntities: reconstruction === null ? withEntities : { ...withEntities, rec: reconstruction },
      withoutEntities,
      description: describe(`PET (tracer ${tracer}, SUVR of ${suvrReferenceRegion})`, "pet-linear", useUncroppedImage),
    });
  }
}

const dti = z.strictObject({
  measure: z.enum(["FA", "MD", "AD", "RD"]),
  space: z.enum(["native", "normalized"]),
});
export type DtiOptions = z.input<typeof dti>;

/**
 * A map of `clinica run dwi-dti`: fractional anisotropy, mean, axial or radial diffusivity, in native or MNI152Lin space.
 * @example
 * ```ts
 * const map = new DwiDti({ measure: "FA", space: "normalized" });
 * console.log(map.suffix, map.withEntities); // → FA { space: 'MNI152Lin', res: '1x1x1' }
 * ```
 */
export class DwiDti extends BidsFileType {
  constructor(options: DtiOptions) {
    const { measure, space } = parseWith(dti, options, "DwiDti");
    super({
      suffix: measure,
      dataType: `dwi/dti_based_processing/${space}_space`,
      withEntities: space === "normalized" ? { space: "MNI152Lin", res: RESOLUTION } : { space: "\\b(b0|T1w)\\b" },
      description: `${measure} maps from Clinica's dwi-dti, in ${space} space`,
    });
  }
}
