import { join } from "node:path";
import { writeJson } from "../../io/json/index.ts";
import { writeTsv } from "../../io/tsv/index.ts";
import { type SimulatedBrain, TISSUES } from "./brain.ts";

/** The folder of the masks in that of the cohort. */
export const MASKS = join("derivatives", "masks");

/** The masks of an image, each with the end of its file's name. */
export function masksOf({ tissues, hippocampus }: SimulatedBrain): readonly (readonly [string, Uint8Array])[] {
  return [
    ["dseg", tissues],
    ["desc-brain_mask", tissues.map((index) => (index > 0 ? 1 : 0))],
    ["label-hippocampus_mask", hippocampus],
  ];
}

/** Writes what makes a folder of masks a BIDS derivative, and what the values of `_dseg` mean. */
export function describeMasks(folder: string, { notice, generator }: Readonly<Record<"notice" | "generator", string>>) {
  writeJson(join(folder, "dataset_description.json"), {
    Name: "What the images of the simulated cohort show",
    BIDSVersion: "1.9.0",
    DatasetType: "derivative",
    Acknowledgements: notice,
    GeneratedBy: [{ Name: generator }],
  });
  const byIndex = TISSUES.toSorted((a, b) => a.index - b.index);
  writeTsv(
    join(folder, "dseg.tsv"),
    byIndex.map(({ index, name, abbreviation }) => ({ index, name, abbreviation })),
  );
}
