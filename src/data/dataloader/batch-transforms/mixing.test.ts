import { afterAll, describe, expect, it } from "vitest";
import { BidsFileType } from "../../../io/bids/index.ts";
import { expectNothingLeft } from "../../../torch/fixtures/nothing-left.ts";
import * as torch from "../../../torch/index.ts";
import { replay } from "../../../transforms/index.ts";
import { CannotReadFieldError, ConfigError, DataFrameError, ImageError } from "../../../utils/exceptions.ts";
import { Rng } from "../../../utils/random/index.ts";
import { BidsDataset, type BidsDatasetOptions, PairedDataset } from "../../datasets/index.ts";
import { makeCohort } from "../../fixtures/cohort.ts";
import { Sample, ScalarImage } from "../../structures/index.ts";
import { Batch, CutMix, DataLoader, DataLoaderConfig, type DataLoaderOptions, MixUp } from "../index.ts";

// voxel v of participant i is 1000 i + v, the mask v % 3
const cohort = makeCohort(7);
afterAll(() => cohort[Symbol.dispose]());
const fileType = (suffix: string): BidsFileType => new BidsFileType({ dataType: "anat", suffix });
const make = (options: Partial<BidsDatasetOptions> = {}): BidsDataset =>
  new BidsDataset({
    bids: cohort.root,
    fileType: fileType("T1w"),
    masks: { seg: fileType("mask") },
    data: cohort.tsv,
    columns: { age: null, n_visits: null, diagnosis: (column) => column.map((one) => (one === "AD" ? 1 : 0)) },
    ...options,
  });

expectNothingLeft();

const numbers = (tensor: torch.Tensor): number[] => torch.tidy(() => tensor.flatten().toNumbers());

interface Seen {
  readonly who: number;
  readonly own: number;
  readonly partner: number;
  readonly image: readonly number[];
  readonly seg: readonly number[];
  readonly age: unknown;
  readonly diagnosis: unknown;
}
function seenOf(sample: Sample): Seen {
  const record = sample.history.at(-1)?.parameters as { own: number; participant_id: string } | undefined;
  const who = Number(sample.participantId.slice(4));
  return {
    who,
    own: record?.own ?? 1,
    partner: record === undefined ? who : Number(record.participant_id.slice(4)),
    image: numbers(sample.image.tensor),
    seg: numbers(sample.getImage("seg").tensor),
    age: sample.getField("age"),
    diagnosis: sample.getField("diagnosis"),
  };
}
async function read(
  options: DataLoaderOptions,
  { epoch = 1, startBatch = 0, evaluate = false } = {},
): Promise<Seen[][]> {
  await using loader = new DataLoader(make(), { batchSize: 3, seed: 5, shuffle: true, ...options });
  loader.setEpoch(epoch);
  if (evaluate) loader.dataset.eval();
  const seen: Seen[][] = [];
  for await (using batch of loader.iterate({ startBatch })) seen.push(batch.samples.map(seenOf));
  return seen;
}
const original = (who: number): number[] => Array.from({ length: 120 }, (_, v) => 1000 * who + v);

describe("MixUp", () => {
  const batchTransform = new MixUp({ alpha: 0.4, targets: ["age", "diagnosis"] });

  it("mixes images and fields by one share, and says whose they are", async () => {
    const all = (await read({ batchTransform, batchSize: 7 })).flat();
    expect(new Set(all.map(({ partner }) => partner)).size).toBe(7);
    expect(all.some(({ who, partner }) => who !== partner)).toBe(true);
    for (const { who, partner, own, image, seg, age, diagnosis } of all) {
      const mix = (one: number, other: number): number => own * one + (1 - own) * other;
      const other = original(partner);
      original(who).forEach((value, v) => {
        // two roundings of float32
        expect(Math.abs((image[v] ?? 0) - mix(value, other[v] ?? 0))).toBeLessThan(7000 * 2 ** -22);
      });
      expect(age).toBeCloseTo(mix(60 + who, 60 + partner), 10);
      expect(diagnosis).toBeCloseTo(mix(who % 2, partner % 2), 10);
      expect(seg).toEqual(Array.from({ length: 120 }, (_, v) => v % 3));
    }
  });

  it("gives probabilities for numbers of classes", async () => {
    const loader = new DataLoader(make(), {
      batchSize: 7,
      batchTransform: { name_: "MixUp", alpha: 1, targets: ["n_visits"], numClasses: 7 },
    });
    for await (using batch of loader) {
      using target = batch.getField("n_visits", { ensureChannelDim: true });
      expect([target.shape, target.dtype]).toEqual([[7, 7], "float32"]);
      for (const [i, sample] of batch.samples.entries()) {
        const { who, partner, own } = seenOf(sample);
        const expected = Array.from({ length: 7 }, (_, k) => (k === who ? own : 0) + (k === partner ? 1 - own : 0));
        const row = torch.tidy(() => target.select(0, i).toNumbers());
        row.forEach((value, k) => {
          expect(Math.abs(value - (expected[k] ?? 0))).toBeLessThan(2 ** -22);
        });
      }
    }
  });

  it("mixes masks and tensors that are named", () => {
    using _scope = torch.scope();
    const samples = [0, 1].map((i) => {
      const sample = new Sample({
        image: new ScalarImage(torch.full([1, 2, 2, 2], i)),
        participantId: `sub-${i}`,
        sessionId: "ses-1",
        fields: { vector: torch.full([3], i, { dtype: "int64" }) },
      });
      sample.addMask("seg", torch.full([1, 2, 2, 2], i));
      return sample;
    });
    using batch = new Batch(samples).stackImages();
    // the two are exchanged: the first permutation of two that is not the order itself
    const seed = [0, 1, 2, 3, 4, 5].find((n) => new Rng(n).permutation(2)[0] === 1) ?? 0;
    new MixUp({ alpha: 1, targets: ["seg", "vector"] }).apply(batch, new Rng(seed));
    const { own } = (batch.get(0).history[0]?.parameters ?? {}) as { own: number };
    expect(own).toBeGreaterThan(0);
    for (const name of ["image", "seg", "vector"]) {
      const [first, second] = [0, 1].map((i) => batch.getField(name).select(0, i).flatten().toNumbers());
      for (const value of first ?? []) expect(value).toBeCloseTo(1 - own, 6);
      expect(second?.length).toBe(name === "vector" ? 3 : 8);
    }
  });

  it("is the same with any number of workers, goes on in the middle of an epoch, and is left out in evaluation", async () => {
    const whole = await read({ batchTransform });
    expect(await read({ batchTransform, numWorkers: 2 })).toEqual(whole);
    expect(await read({ batchTransform }, { startBatch: 1 })).toEqual(whole.slice(1));
    expect(await read({ batchTransform }, { epoch: 2 })).not.toEqual(whole);
    const plain = await read({});
    expect(plain).not.toEqual(whole);
    expect(await read({ batchTransform }, { evaluate: true })).toEqual(plain);
    expect(await read({ batchTransform: batchTransform.with({ p: 0 }) })).toEqual(plain);
  });

  it("mixes the members of a tuple alike", async () => {
    const pair = new PairedDataset([make(), make()]);
    const loader = new DataLoader(pair, { batchSize: 4, batchTransform });
    for await (const batches of loader) {
      const [one, other] = batches.map((batch) => batch.samples.map(seenOf));
      expect(one).toEqual(other);
      for (const batch of batches) batch.dispose();
    }
  });

  it("is recorded where it is used only, and read again", () => {
    const config = new DataLoaderConfig({ batchTransform });
    const dict = config.toDict();
    expect(dict.batch_transform).toEqual({
      name_: "MixUp",
      alpha: 0.4,
      targets: ["age", "diagnosis"],
      num_classes: null,
      p: 1,
    });
    expect(DataLoaderConfig.fromDict(JSON.parse(JSON.stringify(dict)))).toEqual(config);
    expect(new DataLoaderConfig({}).toDict()).not.toHaveProperty("batch_transform");
    expect(() => new DataLoader(make(), { batchTransform: { name_: "Mixup" } })).toThrow(/MixUp/);
    expect(() => new DataLoaderConfig({ batchTransform: 3 as never })).toThrow(/a MixUp or CutMix/);
    expect(() => new MixUp({ alpha: 0 })).toThrow(/'alpha' got 0/);
  });

  it("says what cannot be mixed", async () => {
    const load = (mix: MixUp, dataset = make()): Promise<unknown> =>
      new DataLoader(dataset, { batchSize: 7, batchTransform: mix })[Symbol.asyncIterator]().next();
    await expect(load(new MixUp({ alpha: 1 }))).rejects.toThrow(ConfigError);
    await expect(load(new MixUp({ alpha: 1 }))).rejects.toThrow(/no 'label'.*targets: \[\]/);
    const text = make({ columns: ["diagnosis"] });
    await expect(load(new MixUp({ alpha: 1, targets: ["diagnosis"] }), text)).rejects.toThrow(DataFrameError);
    await expect(load(new MixUp({ alpha: 1, targets: ["n_visits"], numClasses: 3 }))).rejects.toThrow(
      /'n_visits' is \d, and MixUp was told that there are 3 classes/,
    );
    using _scope = torch.scope();
    const samples = [2, 3].map(
      (n) =>
        new Sample({
          image: new ScalarImage(torch.zeros([1, n, 2, 2])),
          participantId: `sub-${n}`,
          sessionId: "ses-1",
        }),
    );
    using batch = new Batch(samples).stackImages();
    expect(() => new MixUp({ alpha: 1, targets: [] }).apply(batch, new Rng(0))).toThrow(ImageError);
    const [sample] = samples;
    if (sample === undefined) throw new Error("no sample");
    const record = { name_: "MixUp", options: new MixUp({ alpha: 1 }).toDict(), parameters: null };
    expect(() => replay([record], sample)).toThrow(CannotReadFieldError);
  });
});

describe("CutMix", () => {
  it("puts a box of another image and its mask in, and mixes fields by the voxels that are left", async () => {
    // masks that say whose they are: the images themselves
    const dataset = make({ masks: { seg: fileType("T1w") } });
    const batchTransform = new CutMix({ targets: ["age"] });
    let cutOut = 0;
    for (let epoch = 0; epoch < 20; epoch++) {
      const loader = new DataLoader(dataset, { batchSize: 7, seed: 5, batchTransform });
      loader.setEpoch(epoch);
      for await (using batch of loader) {
        for (const { who, partner, own, image, seg, age } of batch.samples.map(seenOf)) {
          expect(seg).toEqual(image);
          const foreign = image.flatMap((value, v) => (value === 1000 * who + v ? [] : [v]));
          for (const v of foreign) expect(image[v]).toBe(1000 * partner + v);
          // a box: as many voxels as its sides have, multiplied
          const sides = [30, 6, 1].map((step, axis) => {
            const at = foreign.map((v) => Math.floor(v / step) % ([4, 5, 6][axis] ?? 1));
            return foreign.length === 0 ? 0 : Math.max(...at) - Math.min(...at) + 1;
          });
          expect(foreign.length).toBe(sides.reduce((product, n) => product * n, 1));
          if (who !== partner) expect(own).toBeCloseTo(1 - foreign.length / 120, 12);
          expect(age).toBeCloseTo(own * (60 + who) + (1 - own) * (60 + partner), 10);
          cutOut += foreign.length > 0 ? 1 : 0;
        }
      }
    }
    expect(cutOut).toBeGreaterThan(20);
  });

  it("goes to JSON and back", () => {
    const config = new DataLoaderConfig({ batchTransform: new CutMix({ numClasses: 3, p: 0.5 }) });
    expect(config.toDict().batch_transform).toEqual({
      name_: "CutMix",
      alpha: 1,
      targets: ["label"],
      num_classes: 3,
      p: 0.5,
    });
    expect(DataLoaderConfig.fromDict(config.toDict())).toEqual(config);
  });
});
