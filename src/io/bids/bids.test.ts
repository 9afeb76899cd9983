import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError, NotInterpretableJsonError } from "../../utils/exceptions.ts";
import { forgetWarnings, receiveWarnings } from "../../utils/warnings.ts";
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
    expect(bids.participantsDir).toBe(root);
    expect(bids.datasetDescription).toMatchObject({ name: "x", datasetType: "raw", isCaps: false });
    const caps = new Bids(make("caps", { DatasetType: "derivative", CAPSVersion: "1.0.0" }));
    expect([caps.participantsDir, caps.tensorsDir]).toEqual([join(folder, "caps/subjects"), join(folder, "tensors")]);
    expect(caps.datasetDescription.isCaps).toBe(true);
    expect(new Bids(make("study", { DatasetType: "study" })).participantsDir).toBe(
      join(folder, "study/sourcedata/raw"),
    );
    expect(Bids.fromDict(bids.toDict()).equals(bids)).toBe(true);
  });
  it("refuses a dataset that does not describe itself", () => {
    expect(() => new Bids(join(folder, "nowhere"))).toThrow(/there is no folder/);
    expect(() => new Bids(make("wrong", { DatasetType: "odd" }))).toThrow(/'DatasetType' is "odd"/);
    expect(() => new Bids(make("less", { BIDSVersion: undefined }))).toThrow(/'BIDSVersion' is missing/);
    expect(() => new Bids(make("capsraw", { DatasetType: "raw", CAPSVersion: "1.0.0" }))).toThrow(
      /must be 'derivative'/,
    );
    const broken = make("broken", {});
    writeFileSync(join(broken, "dataset_description.json"), '{"Name": ');
    expect(() => new Bids(broken)).toThrow(NotInterpretableJsonError);
  });
});

describe("BIDS as found in the wild", () => {
  const t1 = new BidsFileType({ dataType: "anat", suffix: "T1w" });
  const mine = (name: string, files: string[], description: object = { DatasetType: "raw" }): Bids =>
    new Bids(make(name, description, files));

  it("is raw where DatasetType is missing, and of any version", () => {
    for (const BIDSVersion of ["1.2.0", "1.0.0rc3", "1.4", "v1.8", 1.4]) {
      const { datasetDescription } = mine("wild", [], { BIDSVersion });
      expect([datasetDescription.datasetType, datasetDescription.bidsVersion]).toEqual(["raw", String(BIDSVersion)]);
    }
    expect(mine("wild-caps", [], { CAPSVersion: "1.0.0" }).datasetDescription.datasetType).toBe("derivative");
    expect(() => mine("wild", [], { BIDSVersion: "" })).toThrow(/'BIDSVersion' is "". Expected a version/);
  });

  it("may have no sessions, or for some participants only: nobody is lost", () => {
    const bids = mine("none", [
      "sub-01/anat/sub-01_T1w.nii.gz",
      "sub-01/sub-01_sessions.tsv",
      "sub-02/anat/sub-02_T1w.nii.gz",
      "sub-03/ses-10/anat/sub-03_ses-10_T1w.nii.gz",
      "sub-03/ses-2/anat/sub-03_ses-2_T1w.nii.gz",
      "sub-03/sub-03_sessions.tsv",
      "sub-04/anat/sub-04_T1w.nii.gz",
      "sub-04/ses-1/func/sub-04_ses-1_bold.nii.gz",
      "sub-05/sub-05_sessions.tsv",
      "derivatives/pipeline/sub-06/anat/sub-06_T1w.nii.gz",
      "sourcedata/sub-07/anat/sub-07_T1w.nii.gz",
    ]);
    expect(bids.getAllParticipantsSessions()).toEqual([
      ["sub-01", "ses-none"],
      ["sub-02", "ses-none"],
      ["sub-03", "ses-2"],
      ["sub-03", "ses-10"],
      ["sub-04", "ses-none"],
      ["sub-04", "ses-1"],
    ]);
    expect(bids.getParticipantsSessionsWith(t1).map(([participant]) => participant)).toEqual([
      "sub-01",
      "sub-02",
      "sub-03",
      "sub-03",
      "sub-04",
    ]);
    const path = bids.getPath(t1, { participantId: "sub-04", sessionId: "ses-none" });
    expect(path).toBe(join(bids.path, "sub-04/anat/sub-04_T1w.nii.gz"));
    expect(
      bids.buildPath(new BidsFileType({ ...t1.fields(), suffix: "T1w", extension: ".nii" }), {
        participantId: "sub-9",
        sessionId: "ses-none",
      }),
    ).toBe(join(bids.path, "sub-9/anat/sub-9_T1w.nii"));
    expect(bids.hasFileType("sub-03", "ses-none", t1)).toBe(false);
  });

  it("may have a folder ses-none, which is a session like others", () => {
    const bids = mine("real-none", ["sub-01/ses-none/anat/sub-01_ses-none_T1w.nii.gz"]);
    expect(bids.getParticipantsSessionsWith(t1)).toEqual([["sub-01", "ses-none"]]);
  });

  it("may have several files of one type: the error has the option that selects one", () => {
    const error = (name: string, files: string[]): string => {
      try {
        return String(mine(name, files).getParticipantsSessionsWith(t1));
      } catch (caught) {
        return (caught as Error).message;
      }
    };
    const both = ["sub-01/ses-1/anat/sub-01_ses-1_T1w.nii", "sub-01/ses-1/anat/sub-01_ses-1_T1w.nii.gz"];
    expect(error("both", both)).toMatch(/\(sub-01, ses-1\): 2 files.*selected by extension: ".nii.gz"\.$/s);
    const runs = [1, 2].flatMap((run) => [1, 2].map((acq) => `sub-01/anat/sub-01_acq-${acq}_run-${run}_T1w.nii.gz`));
    expect(error("runs", runs)).toMatch(/4 files.*selected by withEntities: \{ acq: "1", run: "1" \}\.$/s);
    expect(error("plain", ["sub-01/anat/sub-01_T1w.nii.gz", ...runs])).toMatch(
      /selected by withoutEntities: \{ acq: "\.\*", run: "\.\*" \}\.$/s,
    );
  });

  it("may have links, hidden files, capital extensions and folders with other names", () => {
    const bids = mine("odd", [
      "store/anat/sub-01_ses-1_T1w.nii.gz",
      "sub-02/ses-1/anat/sub-02_ses-1_T1w.NII.GZ",
      "sub-02/ses-1/anat/._sub-02_ses-1_T1w.nii.gz",
      "sub-02/ses-1/anat/.sub-02_ses-1_T1w.nii.gz",
      "sub-02_old/ses-1/anat/sub-02_ses-1_T1w.nii.gz",
      "sub-03/ses-1/anat/sub-03_ses-1_acq-MP2+RAGE_T1w.nii.gz",
    ]);
    mkdirSync(join(bids.path, "sub-01"));
    symlinkSync(join(bids.path, "store"), join(bids.path, "sub-01", "ses-1"));
    const said: string[] = [];
    forgetWarnings();
    receiveWarnings((message) => said.push(message));
    try {
      expect(bids.getParticipantsSessionsWith(t1).map(([participant]) => participant)).toEqual([
        "sub-01",
        "sub-02",
        "sub-03",
      ]);
    } finally {
      receiveWarnings((message) => process.stderr.write(message));
    }
    expect(said).toEqual([expect.stringMatching(/The folder 'sub-02_old' in .* is left out/)]);
  });

  it("refuses names with characters that are not seen, and shows them", () => {
    const bids = mine("control", ["sub-\u001b[31m/ses-1/anat/x_T1w.nii.gz"]);
    expect(() => bids.getAllParticipantsSessions()).toThrow(/The folder 'sub-\\x1b\[31m' in .*Rename it/);
    expect(() => bids.getPath(t1, { participantId: "sub-\n1" })).toThrow(/Got "sub-\\n1"/);
  });
});
