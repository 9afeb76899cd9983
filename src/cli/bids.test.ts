import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { makeCohort } from "../data/fixtures/cohort.ts";

const clinicadl = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "index.ts"), ...args], {
    encoding: "utf8",
  });
  return { status, stderr, lines: stdout.trimEnd().split("\n") };
};

it("shows the kinds of files, those of most sessions first", () => {
  using cohort = makeCohort(3);
  const other = cohort.imagePath(0).replace("_T1w", "_acq-fast_run-2_T1w");
  copyFileSync(cohort.imagePath(0), other);
  // of a participant without sessions
  const outside = join(cohort.root, "sub-100/anat/sub-100_T1w.nii.gz");
  mkdirSync(dirname(outside), { recursive: true });
  renameSync(cohort.imagePath(2), outside);
  const shown = clinicadl("bids", cohort.root);
  expect(shown).toMatchObject({ status: 0, stderr: "" });
  expect(shown.lines).toEqual([
    "tiny (raw, BIDS 1.7.0): 4 participants, 4 sessions",
    "sessions  data_type  suffix  extension  entities",
    "3         anat       T1w     .nii.gz",
    "3         anat       mask    .nii.gz",
    "1         anat       T1w     .nii.gz    acq=fast",
  ]);
  const { kinds } = JSON.parse(clinicadl("bids", cohort.root, "--json").lines.join(""));
  expect(kinds.at(-1)).toEqual({
    dataType: "anat",
    suffix: "T1w",
    extension: ".nii.gz",
    entities: { acq: "fast" },
    sessions: 1,
  });
});

it("shows which sessions have a file of a type, and where such files are otherwise", () => {
  using cohort = makeCohort(3);
  copyFileSync(cohort.imagePath(0), cohort.imagePath(0).replace("_T1w", "_acq-fast_T1w"));
  rmSync(cohort.imagePath(1));
  const of = ["bids", cohort.root, "--suffix", "T1w"];
  const typed = [...of, "--data-type", "anat"];
  const { lines } = clinicadl(...typed);
  expect(lines.slice(0, 6)).toEqual([
    "BidsFileType(suffix=T1w, data_type=anat, extension=.nii.*)",
    "sessions with one such file: 1",
    `  as ${cohort.imagePath(2)}`,
    "with none: 1",
    "  sub-001 ses-M000",
    "with several, of which none would be taken: 1",
  ]);
  expect(lines.join("\n")).toContain("acq-fast_T1w");
  const exact = JSON.parse(clinicadl(...typed, "--without", "acq=.*", "--json").lines.join(""));
  expect(exact.ambiguous).toEqual([]);
  expect(exact.files.map(({ participant_id: id }: { participant_id: string }) => id)).toEqual(["sub-000", "sub-002"]);
  expect(clinicadl(...of).lines.at(-1)).toBe("Files that end with T1w are in: anat (--data-type).");
});

it("says what is no dataset, and what is no entity", () => {
  const empty = mkdtempSync(join(tmpdir(), "no bids-"));
  writeFileSync(join(empty, "dataset_description.json"), '{"Name": "x", "BIDSVersion": "1.7.0"}');
  expect(clinicadl("bids", empty).lines.at(-1)).toBe("no file with a BIDS name");
  rmSync(empty, { recursive: true });
  expect(clinicadl("bids", empty)).toMatchObject({ status: 1, stderr: expect.stringContaining(`no folder ${empty}`) });
  expect(clinicadl("bids", empty, "--with", "desc")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("desc=Crop"),
  });
});
