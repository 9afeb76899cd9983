import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../utils/config.ts";
import { Bids, BidsError, BidsFileType, DwiDti, FlairLinear, PetLinear, T1Linear, TensorType } from "./index.ts";

type Pattern = JsonObject;
interface Golden {
  types: [name: string, options: Record<string, never>, expected: JsonObject][];
  sources: [
    given: { image: Pattern; individual: Pattern[]; common: string[]; transformed: boolean },
    expected: JsonObject,
  ][];
  matching: [Pattern, path: string, participant: string | null, session: string | null, expected: boolean][];
  files: string[];
  questions: [Pattern, participant: string | null, session: string | null, found: string, built: string][];
  pairs: [string, string][];
}
const golden = JSON.parse(readFileSync(new URL("./golden/bids.json", import.meta.url), "utf8")) as Golden;

const plain = (type: BidsFileType): JsonObject => {
  const { description: _, ...rest } = type.toDict();
  return rest;
};
const camel = (options: Record<string, unknown>): Record<string, never> =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key.replaceAll(/_(.)/g, (_, c: string) => c.toUpperCase()), value]),
  ) as Record<string, never>;
const typeOf = (pattern: Pattern): BidsFileType =>
  new BidsFileType({ ...(camel(pattern) as Partial<BidsFileType>), suffix: String(pattern.suffix) });
const pathOptions = (participant: string | null, session: string | null) => ({
  ...(participant === null ? {} : { participantId: participant }),
  ...(session === null ? {} : { sessionId: session }),
});

describe("against ClinicaDL", () => {
  const classes: Record<string, (options: Record<string, never>) => BidsFileType> = {
    T1Linear: (o) => new T1Linear(o),
    FlairLinear: (o) => new FlairLinear(o),
    PetLinear: (o) => new PetLinear(o as never),
    DwiDti: (o) => new DwiDti(o as never),
    TensorType: (o) => new TensorType(o),
  };
  it.each(golden.types)("%s %j", (name, options, expected) => {
    const type = classes[name]?.(camel(options)) as BidsFileType;
    expect(plain(type)).toEqual(expected);
    expect(BidsFileType.fromDict(type.toDict()).equals(type)).toBe(true);
  });

  it.each(golden.sources)("the type of tensors made of %j", ({ image, individual, common, transformed }, expected) => {
    const type = TensorType.fromSourceFileTypes({
      conversionName: "run1",
      image: typeOf(image),
      individualMasks: individual.map(typeOf),
      commonMasks: common,
      transformed,
    });
    expect(plain(type)).toEqual(expected);
  });

  it("what matches which file, of whom", () => {
    expect(golden.matching.length).toBeGreaterThan(400);
    for (const [pattern, path, participant, session, expected] of golden.matching) {
      const found = typeOf(pattern).match(path, pathOptions(participant, session));
      expect([pattern, path, participant, session, found]).toEqual([pattern, path, participant, session, expected]);
    }
  });

  const root = join(realpathSync(mkdtempSync(join(tmpdir(), "bids-original-"))), "bids");
  afterAll(() => rmSync(dirname(root), { recursive: true }));
  const write = (file: string, text = ""): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  for (const file of golden.files) write(file);
  write("participants.tsv");
  write("dataset_description.json", JSON.stringify({ Name: "x", BIDSVersion: "1.10.0", DatasetType: "raw" }));

  const outcome = (action: () => string): string => {
    try {
      return relative(root, action());
    } catch (error) {
      expect(error).toBeInstanceOf(BidsError);
      const { message } = error as Error;
      return /no file is of type/.test(message) ? "none" : /files are of type/.test(message) ? "several" : "refused";
    }
  };
  it.each(["a dataset that remembers", "a dataset that is asked once"])("what %s finds and builds", (kind) => {
    const bids = new Bids(root);
    for (const [pattern, participant, session, found, built] of golden.questions) {
      const asked = kind === "a dataset that remembers" ? bids : new Bids(root);
      const who = pathOptions(participant, session);
      const got = [
        outcome(() => asked.getPath(typeOf(pattern), who)),
        outcome(() => asked.buildPath(typeOf(pattern), who)),
      ];
      // the original makes T1.nii.gz of the expression T1.*
      const expected = pattern.suffix === "T1.*" ? "refused" : built;
      expect([pattern, participant, session, ...got]).toEqual([pattern, participant, session, found, expected]);
    }
    expect(bids.getAllParticipantsSessions()).toEqual(golden.pairs);
  });

  it("gives a copy with other options, of types that are made of options of their own, too", () => {
    const made = [
      new T1Linear(),
      new FlairLinear(),
      new PetLinear({ tracer: "18FFDG", suvrReferenceRegion: "pons2" }),
      new DwiDti({ measure: "FA", space: "native" }),
      new TensorType({ entities: { conv: "x" } }),
    ];
    for (const type of made) {
      const copy = type.with({ extension: ".json" });
      expect(copy.constructor).toBe(type.constructor);
      expect(copy.toDict()).toEqual({ ...type.toDict(), extension: ".json" });
    }
  });

  it("takes a mask whose name says nothing, and refuses options that are misspelt", () => {
    const image = new BidsFileType({ suffix: "T1w", withEntities: { space: "MNI", res: "2" } });
    const entities = (mask: string) =>
      TensorType.fromSourceFileTypes({ conversionName: "x", image, commonMasks: [mask] }).withEntities;
    expect(entities("/data/mymask")).toEqual({ src: "T1w", conv: "x" });
    expect(entities("/data/space-MNI.nii.gz")).toEqual({ space: "MNI", src: "T1w", conv: "x" });
    // @ts-expect-error: misspelt
    expect(() => new TensorType({ entity: {} })).toThrow(/entity/);
  });
});
