import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError, NotInterpretableJsonError } from "../../utils/exceptions.ts";
import { Bids, BidsError, BidsFileType, DwiDti, FlairLinear, PetLinear, T1Linear } from "./index.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "bids-")));
afterAll(() => rmSync(folder, { recursive: true }));

function make(name: string, description: object, files: string[] = []): string {
  const root = join(folder, name);
  for (const file of files) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  mkdirSync(root, { recursive: true });
  writeFileSync(
    join(root, "dataset_description.json"),
    JSON.stringify({ Name: "x", BIDSVersion: "1.7.0", ...description }),
  );
  return root;
}

describe("BidsFileType", () => {
  const type = new BidsFileType({
    dataType: "anat",
    suffix: "T1w",
    extension: ".nii.gz",
    withEntities: { space: /MNI152.*/, res: "1x1x1" },
    withoutEntities: { desc: "Crop" },
  });
  const mine = { participantId: "sub-000", sessionId: "ses-M000" };
  it.each([
    ["anat/sub-000_ses-M000_space-MNI152_res-1x1x1_T1w.nii.gz", true],
    ["anat/sub-000_ses-M000_space-MNI152NLin_run-1_res-1x1x1_T1w.nii.gz", true],
    ["anat/sub-001_ses-M000_space-MNI152_res-1x1x1_T1w.nii.gz", false],
    ["anat/sub-000_ses-M001_space-MNI152_res-1x1x1_T1w.nii.gz", false],
    ["anat/sub-000_ses-M000_space-MNI152_res-1x1x1_FLAIR.nii.gz", false],
    ["mri/sub-000_ses-M000_space-MNI152_res-1x1x1_T1w.nii.gz", false],
    ["sub-000_ses-M000_space-MNI152_res-1x1x1_T1w.nii.gz", false],
    ["anat/sub-000_ses-M000_space-MNI152_res-1x1x1_T1w.nii", false],
    ["anat/sub-000_ses-M000_res-1x1x1_T1w.nii.gz", false],
    ["anat/sub-000_ses-M000_space-MNI152_res-2x2x2_T1w.nii.gz", false],
    ["anat/sub-000_ses-M000_space-MNI152_desc-Crop_res-1x1x1_T1w.nii.gz", false],
    ["anat/notes.txt", false],
    ["anat/sub_000.nii.gz", false],
  ])("%s: %s", (path, expected) => expect(type.match(path, mine)).toBe(expected));

  it("goes to a dict and back as ClinicaDL writes it", () => {
    const dict = type.toDict();
    expect(dict).toEqual({
      suffix: "T1w",
      data_type: "anat",
      extension: ".nii.gz",
      with_entities: { space: "MNI152.*", res: "1x1x1" },
      without_entities: { desc: "Crop" },
      description: null,
    });
    const back = BidsFileType.fromDict(dict);
    expect(back.equals(type)).toBe(true);
    expect(new BidsFileType({ ...back.fields(), suffix: "T1w", description: "words" }).equals(type)).toBe(true);
    expect(back.equals(new BidsFileType({ suffix: "T1w" }))).toBe(false);
  });
  it("refuses what is misspelt or no expression", () => {
    expect(() => new BidsFileType({ suffix: "T1w", datatype: "anat" } as never)).toThrow(/unknown option 'datatype'/);
    expect(() => new BidsFileType({ suffix: "(" })).toThrow(/Not a regular expression/);
    expect(() => new BidsFileType({ suffix: /t1w/i })).toThrow(/without flags/);
  });
  it("knows Clinica's outputs", () => {
    const name = (middle: string, suffix: string) => `sub-1_ses-1_${middle}_${suffix}.nii.gz`;
    const crop = "space-MNI152NLin2009cSym_desc-Crop_res-1x1x1";
    const whole = "space-MNI152NLin2009cSym_res-1x1x1";
    expect(new T1Linear().match(`t1_linear/${name(crop, "T1w")}`)).toBe(true);
    expect(new T1Linear().match(`t1_linear/${name(whole, "T1w")}`)).toBe(false);
    expect(new T1Linear({ useUncroppedImage: true }).match(`t1_linear/${name(whole, "T1w")}`)).toBe(true);
    expect(new T1Linear({ useUncroppedImage: true }).match(`t1_linear/${name(crop, "T1w")}`)).toBe(false);
    expect(new FlairLinear().match(`flair_linear/${name(crop, "FLAIR")}`)).toBe(true);
    const pet = new PetLinear({ tracer: "18FFDG", suvrReferenceRegion: "pons2" });
    expect(pet.match(`pet_linear/${name(`trc-18FFDG_${crop}_suvr-pons2`, "pet")}`)).toBe(true);
    expect(() => new PetLinear({ tracer: "FDG", suvrReferenceRegion: "pons" } as never)).toThrow(ConfigError);
    const dti = new DwiDti({ measure: "FA", space: "native" });
    expect(dti.match(`dwi/dti_based_processing/native_space/${name("space-b0", "FA")}`)).toBe(true);
    expect(dti.match(`dwi/dti_based_processing/native_space/${name("space-MNI", "FA")}`)).toBe(false);
  });
});

describe("Bids", () => {
  const t1 = new BidsFileType({ dataType: "anat", suffix: "T1w" });
  const root = make("raw", { DatasetType: "raw" }, [
    "sub-002/ses-M000/anat/sub-002_ses-M000_T1w.nii.gz",
    "sub-001/ses-M012/anat/sub-001_ses-M012_T1w.nii.gz",
    "sub-001/ses-M000/anat/sub-001_ses-M000_T1w.nii.gz",
    "sub-001/ses-M000/anat/sub-001_ses-M000_desc-x_T1w.nii.gz",
    "sub-001/ses-M000/sub-001_ses-M000_scans.tsv",
    "sub-003/ses-M000/anat/README",
    "participants.tsv",
  ]);
  const bids = new Bids(root);

  it("finds files of sessions, participants and the dataset", () => {
    expect(bids.getPath(t1, { participantId: "sub-002", sessionId: "ses-M000" })).toBe(
      join(root, "sub-002/ses-M000/anat/sub-002_ses-M000_T1w.nii.gz"),
    );
    expect(bids.getPath(new BidsFileType({ suffix: "participants", extension: ".tsv" }))).toBe(
      join(root, "participants.tsv"),
    );
    expect(
      bids.getPath(new BidsFileType({ suffix: "scans", extension: ".tsv" }), {
        participantId: "sub-001",
        sessionId: "ses-M000",
      }),
    ).toMatch(/scans\.tsv$/);
    expect(bids.getAllParticipantsSessions()).toEqual([
      ["sub-001", "ses-M000"],
      ["sub-001", "ses-M012"],
      ["sub-002", "ses-M000"],
      ["sub-003", "ses-M000"],
    ]);
    const plain = new BidsFileType({ dataType: "anat", suffix: "T1w", withoutEntities: { desc: "x" } });
    expect(bids.getParticipantsSessionsWith(plain)).toHaveLength(3);
  });
  it("says which session has none or several", () => {
    expect(bids.hasFileType("sub-003", "ses-M000", t1)).toBe(false);
    expect(() => bids.getPath(t1, { participantId: "sub-003", sessionId: "ses-M000" })).toThrow(
      /\(sub-003, ses-M000\): no file is of type/,
    );
    expect(() => bids.hasFileType("sub-001", "ses-M000", t1)).toThrow(/2 files are of type.*\n.*sub-001_ses-M000/);
    expect(() => bids.getPath(t1, { participantId: "001" })).toThrow(BidsError);
    expect(() => bids.getPath(t1, { sessionId: "ses-1" })).toThrow(/without a participant/);
  });
  it("sees a file that came later", () => {
    expect(bids.hasFileType("sub-003", "ses-M000", t1)).toBe(false);
    writeFileSync(join(root, "sub-003/ses-M000/anat/sub-003_ses-M000_T1w.nii"), "");
    expect(bids.hasFileType("sub-003", "ses-M000", t1)).toBe(true);
  });
  it("builds paths", () => {
    const type = new BidsFileType({
      dataType: "anat",
      suffix: "T1w",
      extension: ".nii",
      withEntities: { space: "MNI" },
    });
    expect(bids.buildPath(type, { participantId: "sub-9", sessionId: "ses-1" })).toBe(
      join(root, "sub-9/ses-1/anat/sub-9_ses-1_space-MNI_T1w.nii"),
    );
  });
  it("knows its kind", () => {
    expect(bids.tensorsDir).toBe(join(root, "derivatives/tensors"));
    const caps = new Bids(make("caps", { DatasetType: "derivative", CAPSVersion: "1.0.0" }));
    expect([caps.participantsDir, caps.tensorsDir]).toEqual([join(folder, "caps/subjects"), join(folder, "tensors")]);
    expect(new Bids(make("study", { DatasetType: "study" })).participantsDir).toBe(
      join(folder, "study/sourcedata/raw"),
    );
    expect(Bids.fromDict(bids.toDict()).equals(bids)).toBe(true);
  });
  it("refuses a dataset that does not describe itself", () => {
    expect(() => new Bids(join(folder, "nowhere"))).toThrow(/there is no folder/);
    expect(() => new Bids(make("wrong", { DatasetType: "odd" }))).toThrow(/'DatasetType' is "odd"/);
    expect(() => new Bids(make("less", {}))).toThrow(/'DatasetType' is missing/);
    expect(() => new Bids(make("capsraw", { DatasetType: "raw", CAPSVersion: "1.0.0" }))).toThrow(
      /must be 'derivative'/,
    );
    const broken = make("broken", {});
    writeFileSync(join(broken, "dataset_description.json"), '{"Name": ');
    expect(() => new Bids(broken)).toThrow(NotInterpretableJsonError);
  });
});
