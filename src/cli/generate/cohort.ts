import { existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { ensureFolder, FileExistsError, temporaryName, writeFileAtomic } from "../../io/files/index.ts";
import { readJson, writeJson } from "../../io/json/index.ts";
import { writeNifti } from "../../io/nifti/index.ts";
import { type Row, writeTsv } from "../../io/tsv/index.ts";
import { parseWith } from "../../utils/config.ts";
import { Rng } from "../../utils/random/index.ts";
import { type Grid, gridOf, simulateBrain } from "./brain.ts";
import { describeMasks, MASKS, masksOf } from "./masks.ts";
import { fetchTemplate, readTemplate } from "./template.ts";

const schema = z.strictObject({
  output: z.string().min(1),
  participants: z.int().min(2).max(9999).default(32),
  resolution: z.number().min(1).max(12).default(3),
  sessions: z.int().min(1).max(20).default(1),
  seed: z.int().min(0).default(42),
  permuteLabels: z.boolean().default(false),
  masks: z.boolean().default(false),
  overwrite: z.boolean().default(false),
  onProgress: z.custom<(done: number, total: number) => void>((v) => typeof v === "function").optional(),
});
export type GenerateOptions = z.input<typeof schema>;

/** What was made. */
export interface Cohort {
  /** The BIDS folder, absolute. */
  readonly bids: string;
  /** `metadata.tsv`: participant_id, session_id, age, sex, diagnosis (AD, CN), label (1, 0). */
  readonly metadata: string;
  /** The BIDS derivatives with the masks, absolute; null without `masks`. */
  readonly masks: string | null;
  readonly rows: Row[];
  /** Voxels along x, y, z. */
  readonly shape: readonly [number, number, number];
}

const GENERATOR = "clinicadl generate";
const NOTICE =
  "SIMULATED DATA. No image and no row in this dataset comes from a person: every image is a deformed copy of one average brain (the ICBM152 2009a T1 template), and ages, sexes and diagnoses are random numbers. It is meant for trying software out, not for research.";

/**
 * Makes a BIDS dataset of simulated brains in which half of the participants ("AD") have shrunken and darker hippocampal regions, to varying
 * degrees. The same options always give the same images. The anatomy is real (see `fetchTemplate`), so the network of Python is needed
 * the first time.
 *
 * @param options
 * - `output`: the folder to make.
 * - `participants` (32), `sessions` (1; a year apart), `resolution` (3, in mm: 66×78×63 voxels), `seed` (42).
 * - `permuteLabels` (false): gives diagnoses to participants at random, so that nothing can be learnt from the images: for
 *   finding out whether a result is better than chance.
 * - `masks` (false): writes what each image shows, as the BIDS derivatives `derivatives/masks`: `_dseg` (1 grey matter, 2 white matter,
 *   3 cerebrospinal fluid), `_desc-brain_mask` and `_label-hippocampus_mask`. The images are the same with and without.
 * - `overwrite` (false): replaces an earlier simulated dataset; any other folder is left as it is.
 * @throws FileExistsError, TemplateError, ConfigError
 */
export async function generateCohort(options: GenerateOptions): Promise<Cohort> {
  const { participants, resolution, sessions, seed, permuteLabels, masks, overwrite, onProgress, ...given } = parseWith(
    schema,
    options,
    "generateCohort",
  );
  const output = resolve(given.output);
  checkOutput(output, overwrite);
  const template = readTemplate(await fetchTemplate(), resolution);
  const grid = gridOf(template, resolution);
  const people = simulatePeople(participants, seed, permuteLabels);
  const rows: Row[] = [];

  ensureFolder(dirname(output));
  const temporary = join(dirname(output), temporaryName(basename(output)));
  try {
    people.forEach((person, number) => {
      for (let visit = 0; visit < sessions; visit++) {
        const session = `ses-M${String(12 * visit).padStart(3, "0")}`;
        const brain = simulateBrain(template, grid, {
          anatomy: new Rng(seed, number, 1),
          scan: new Rng(seed, number, 2, visit),
          // the disease goes on
          atrophy: Math.min(1, person.atrophy * (1 + 0.1 * visit)),
          scale: person.scale,
        });
        const write = (folder: string, name: string, data: Uint8Array): void =>
          writeNifti(join(folder, person.id, session, "anat", `${person.id}_${session}_${name}.nii.gz`), {
            data,
            shape: grid.shape,
            affine: affineOf(grid),
            dtype: "uint8",
            level: 1,
          });
        write(temporary, "T1w", brain.image);
        if (masks) for (const [name, mask] of masksOf(brain)) write(join(temporary, MASKS), name, mask);
        rows.push({
          participant_id: person.id,
          session_id: session,
          age: Math.round((person.age + visit) * 10) / 10,
          sex: person.sex,
          diagnosis: person.diagnosis,
          label: person.diagnosis === "AD" ? 1 : 0,
        });
        onProgress?.(rows.length, participants * sessions);
      }
    });
    describe(temporary, rows, { participants, resolution, sessions, seed, permuteLabels });
    if (masks) describeMasks(join(temporary, MASKS), { notice: NOTICE, generator: GENERATOR });
    if (existsSync(output)) rmSync(output, { recursive: true });
    renameSync(temporary, output);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
  return {
    bids: output,
    metadata: join(output, "metadata.tsv"),
    masks: masks ? join(output, MASKS) : null,
    rows,
    shape: grid.shape,
  };
}

interface Person {
  readonly id: string;
  readonly age: number;
  readonly sex: "F" | "M";
  readonly diagnosis: "AD" | "CN";
  readonly atrophy: number;
  readonly scale: number;
}

function simulatePeople(n: number, seed: number, permuteLabels: boolean): Person[] {
  const rng = new Rng(seed, -1);
  // half are ill; within both groups half are women
  const groups = rng.permutation(n).map((place) => ({ ill: place % 2 === 1, female: place % 4 < 2 }));
  const named = permuteLabels ? new Rng(seed, -2).permutation(n) : groups.map((_, i) => i);
  const width = Math.max(3, String(n).length);
  return groups.map(({ ill, female }, i): Person => {
    const own = new Rng(seed, i, 0);
    return {
      id: `sub-${String(i + 1).padStart(width, "0")}`,
      age: own.uniform(60, 85),
      sex: female ? "F" : "M",
      scale: own.normal(female ? 0.993 : 1.007, 0.007),
      atrophy: ill ? own.uniform(0.65, 1) : 0,
      diagnosis: groups[named[i] ?? i]?.ill ? "AD" : "CN",
    };
  });
}

function affineOf({ spacing, origin }: Grid): number[] {
  return [spacing, 0, 0, origin[0], 0, spacing, 0, origin[1], 0, 0, spacing, origin[2], 0, 0, 0, 1];
}

function checkOutput(output: string, overwrite: boolean): void {
  if (!existsSync(output) || readdirSync(output).length === 0) return;
  if (!overwrite) throw new FileExistsError(`${output} already exists. Choose another folder, or ask to overwrite it.`);
  const description = join(output, "dataset_description.json");
  const ours = existsSync(description) && JSON.stringify(readJson(description).GeneratedBy ?? null).includes(GENERATOR);
  if (!ours)
    throw new FileExistsError(
      `${output} is not a dataset that "${GENERATOR}" made, and is left as it is. Choose another folder.`,
    );
  const known =
    /^(?:sub-.*|derivatives|(?:participants|metadata)\.(?:tsv|json)|LICENSE|dataset_description\.json|README(?:\.md)?|\.bidsignore)$/;
  const derivatives = join(output, dirname(MASKS));
  const foreign = [
    ...readdirSync(output).filter((name) => !known.test(name)),
    ...(existsSync(derivatives) ? readdirSync(derivatives).map((name) => join(dirname(MASKS), name)) : []),
  ].filter((name) => name !== MASKS);
  if (foreign.length > 0)
    throw new FileExistsError(
      `${output} is left as it is: besides the dataset it holds ${foreign.map((name) => JSON.stringify(name)).join(", ")}. Move that elsewhere first.`,
    );
}

function describe(folder: string, rows: readonly Row[], settings: Readonly<Record<string, number | boolean>>): void {
  writeJson(join(folder, "dataset_description.json"), {
    Name: "Simulated cohort with hippocampal atrophy",
    BIDSVersion: "1.9.0",
    DatasetType: "raw",
    Acknowledgements: NOTICE,
    GeneratedBy: [{ Name: GENERATOR, Description: JSON.stringify(settings) }],
    ReferencesAndLinks: [
      "Fonov et al. (2011), Unbiased average age-appropriate atlases for pediatric studies, NeuroImage 54(1), 313-327",
    ],
  });
  writeFileAtomic(
    join(folder, "README"),
    `${NOTICE}

Made by "${GENERATOR}" with ${JSON.stringify(settings)}.

Half of the participants have the diagnosis AD, the others CN.${
      settings.permuteLabels
        ? " The diagnoses were given at random: they have nothing to do with the images."
        : " In the images of AD, both hippocampal regions are shrunken and darker, to a varying degree."
    }
Each image has its own head size, smooth deformation, bias field and noise. The images show the brain without the skull.

metadata.tsv: one row for each image; label is 1 for AD and 0 for CN.
`,
  );
  writeTsv(join(folder, "metadata.tsv"), rows, undefined, { floats: ["age", "label"] });
  const first = new Map(
    rows
      .toReversed()
      .map(({ participant_id, age, sex, diagnosis }) => [participant_id, { participant_id, age, sex, diagnosis }]),
  );
  writeTsv(join(folder, "participants.tsv"), [...first.values()].toReversed() as Row[], undefined, {
    floats: ["age", "label"],
  });
}
