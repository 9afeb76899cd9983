// Makes the pictures of docs/transforms.md: what each transform makes of the same brain. `npm run pictures`, when there is a new one.
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchTemplate } from "../src/cli/generate/template.ts";
import { DataPoint, ScalarImage } from "../src/data/structures/index.ts";
import { writeNifti } from "../src/io/nifti/index.ts";
import * as torch from "../src/torch/index.ts";
import {
  extractionRegistry,
  histogramLandmarks,
  ResampleConfig,
  Rng,
  TransformsHandler,
  transformRegistry,
} from "../src/transforms/index.ts";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "pictures", "transforms");
const brighter = join(tmpdir(), `pictures-${process.pid}.nii.gz`);
/** Intensities that are black and white in pictures of what changes them. @type {readonly [number, number]} */
const SCALE = [0, 255];

using _scope = torch.scope();
using _grad = torch.noGrad();

/** The brain in voxels of 2 mm, with a mask of its white matter, and one of its tissues by their brightness: 1, 2, 3 from the darkest. */
function brain(template) {
  const point = new DataPoint({ image: ScalarImage.read(template), participantId: "sub-001", sessionId: "ses-M000" });
  new ResampleConfig({ target: 2 }).getObject().apply(point, new Rng(0));
  const { tensor } = point.image;
  point.addMask("white", tensor.gt(185).to({ dtype: "uint8" }));
  point.addMask(
    "tissues",
    [40, 110, 185].map((from) => tensor.gt(from).to({ dtype: "uint8" })).reduce((a, b) => a.add(b)),
  );
  return point;
}

/**
 * What is done to the image: options, and which intensities are black and white; null: as they come.
 * @returns {Record<string, { options: object, range?: readonly [number, number] | null }>}
 */
function ofImages(image) {
  const darker = histogramLandmarks([image.tensor]);
  return {
    BiasFieldCorrection: { options: {}, range: null },
    Clamp: { options: { outMin: 80, outMax: 160 } },
    HistogramMatching: { options: { reference: brighter } },
    HistogramStandardization: { options: { landmarks: darker.map((x) => x ** 2 / 100) }, range: [0, 100] },
    Mask: { options: { maskingMethod: "white" } },
    RescaleIntensity: { options: { outMinMax: [0, 1], percentiles: [55, 85] }, range: [0, 1] },
    ZNormalization: { options: {}, range: [-1.5, 3] },
    RandomBiasField: { options: { coefficients: [0.5, 0.5] }, range: null },
    RandomBlur: { options: { std: [3, 3] } },
    RandomGamma: { options: { logGamma: [0.5, 0.5] }, range: null },
    RandomGhosting: { options: { numGhosts: [4, 4], axes: [1], intensity: [0.8, 0.8] } },
    RandomLowResolution: { options: { zoom: [0.25, 0.25] } },
    RandomMotion: { options: { degrees: [12, 12], translation: [6, 6], numTransforms: 2 } },
    RandomNoise: { options: { std: [25, 25] } },
    RandomSpike: { options: { numSpikes: [1, 1], intensity: [0.6, 0.6] } },
    RandomSwap: { options: { patchSize: 12, numIterations: 30 } },
    Crop: { options: { cropping: [20, 10, 20, 10, 0, 0] } },
    CropOrPad: { options: { targetShape: [110, 80, 90] } },
    EnsureShapeMultiple: { options: { targetMultiple: 32 } },
    Pad: { options: { padding: 12 } },
    RandomAffine: { options: { degrees: [0, 0, 0, 0, 20, 20], scales: [0.85, 0.85, 0.85, 0.85, 0.85, 0.85] } },
    RandomAnisotropy: { options: { axes: [1], downsampling: [5, 5] } },
    RandomElasticDeformation: { options: { maxDisplacement: 22 } },
    RandomFlip: { options: { axes: [1], flipProbability: 1 } },
    Resample: { options: { target: 6 } },
    Resize: { options: { targetShape: [120, 70, 90] } },
    Compose: {
      options: {
        transforms: [
          { name_: "RandomAffine", degrees: 20 },
          { name_: "RandomBlur", std: [2, 2] },
        ],
      },
    },
  };
}

/** What is done to an output: a mask of the brain, with holes and crumbs. */
const OF_MASKS = {
  DistanceTransformEDT: {},
  FillHoles: {},
  KeepLargestConnectedComponent: {},
  RemoveSmallObjects: { minSize: 60 },
  SobelGradients: {},
};

/** What is done to the labels of tissues, which lie over the image in colours. */
const OF_LABELS = {
  LabelFilter: { include: ["tissues"], appliedLabels: [2] },
  RemapLabels: { remapping: { 1: 0, 3: 4 } },
};

/** What is done to an output, one after the other. */
const OF_OUTPUTS = { Activations: { sigmoid: true }, AsDiscrete: { threshold: 0.5 } };

/** How samples are cut out of the image, and the numbers of those that are shown. */
const EXTRACTIONS = {
  Patch: { options: { patchSize: [44, 52, 40] }, samples: [4, 13, 1, 10] },
  RandomPatch: { options: { patchSize: [44, 52, 40], numSamples: 4 }, samples: [0, 1, 2, 3] },
  Slice: { options: { sliceDirection: 2, squeeze: false }, samples: [30, 40, 50, 60] },
};

/** A picture of voxels as they are stored: tensors of one shape beside each other, two in a row from left to right, rows from the top. */
function plotTiled(name, tensors, range = SCALE) {
  // a white line between them
  const tiles = tensors.map((tensor, i) => {
    const line = [0, 0, i < tensors.length - 2 ? 2 : 0, 0, 0, i % 2 === 0 && tensors.length > 1 ? 2 : 0];
    return torch.constantPadNd(tensor.to({ dtype: "float32" }), line, range[1]);
  });
  const rows = [];
  for (let i = 0; i < tiles.length; i += 2) rows.unshift(torch.cat(tiles.slice(i, i + 2), 1));
  const image = new ScalarImage(torch.cat(rows, 2));
  const shown = new DataPoint({ image, participantId: "sub-001", sessionId: "ses-M000" });
  shown.plot(join(folder, `${name}.png`), { planes: ["axial"], range });
}

/** The image with its first axis to the back and its second to the right. */
function turned({ tensor, affine }) {
  const [a, b, c] = [0, 4, 8].map((row) => affine.slice(row, row + 4));
  const last = (tensor.shape[2] ?? 1) - 1;
  const rows = [a, b, c].map(([x, y, z, at]) => [-y, x, z, at + y * last]);
  return new ScalarImage(
    tensor.permute([0, 2, 1, 3]).flip([1]).contiguous(),
    Float64Array.from([...rows.flat(), 0, 0, 0, 1]),
  );
}

function made(name, options) {
  const Class = transformRegistry.get(name);
  if (Class === undefined) throw new Error(`there is no transform ${name}`);
  return Class.fromOptions(options).getObject();
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const point = brain(await fetchTemplate());
const { image } = point;
point.plot(join(folder, "original.png"), { planes: ["axial"], range: SCALE });
writeNifti(brighter, {
  data: Float32Array.from(image.tensor.sqrt().mul(16).flatten().toNumbers()),
  shape: image.spatialShape,
  affine: image.affine,
});
for (const [name, { options, range = SCALE }] of Object.entries(ofImages(image))) {
  const given = point.alias();
  // what it takes away must be there first
  if (name === "BiasFieldCorrection") made("RandomBiasField", { coefficients: [0.5, 0.5] }).apply(given, new Rng(7));
  const changed = made(name, options).apply(given, new Rng(7));
  // its voxels as large as those of the others
  if (name === "Resample") made("Resample", { target: 2, imageInterpolation: "nearest" }).apply(changed, new Rng(7));
  changed.plot(join(folder, `${name}.png`), { planes: ["axial"], ...(range === null ? {} : { range }) });
}
const crumbs = point.alias();
crumbs.image = new ScalarImage(image.tensor.gt(40).to({ dtype: "float32" }), image.affine);
made("RandomSwap", { patchSize: 4, numIterations: 800 }).apply(crumbs, new Rng(7));
crumbs.plot(join(folder, "mask.png"), { planes: ["axial"], range: [0, 1] });
for (const [name, options] of Object.entries(OF_MASKS)) {
  const changed = crumbs.alias();
  changed.setField("output", changed.image.tensor);
  const result = made(name, { include: ["output"], ...options })
    .apply(changed, new Rng(7))
    .getField("output");
  if (!(result instanceof torch.Tensor)) throw new Error(`${name} gave no tensor`);
  changed.image = new ScalarImage(result.narrow(0, 0, 1).contiguous(), image.affine);
  changed.plot(join(folder, `${name}.png`), { planes: ["axial"] });
}
for (const [name, options] of Object.entries(OF_LABELS)) {
  const changed = made(name, options).apply(point.alias(), new Rng(7));
  changed.plot(join(folder, `${name}.png`), { planes: ["axial"], range: SCALE, masks: ["tissues"] });
}
point.plot(join(folder, "labels.png"), { planes: ["axial"], range: SCALE, masks: ["tissues"] });
const classes = made("OneHot", { include: ["tissues"] })
  .apply(point.alias(), new Rng(7))
  .getImage("tissues").tensor;
plotTiled("OneHot", classes.split(1), [0, 1]);
const merged = made("MergeFields", { keys: ["image", "white"], outputKey: "both" }).apply(point.alias(), new Rng(7));
const [asItWas, white] = merged.getImage("both").tensor.split(1);
plotTiled("MergeFields", [asItWas, white.mul(255)]);
const stored = point.alias();
stored.image = turned(image);
stored.removeImage("white");
stored.removeImage("tissues");
plotTiled("stored", [stored.image.tensor]);
made("ToCanonical", {}).apply(stored, new Rng(7));
plotTiled("ToCanonical", [stored.image.tensor]);
const choices = [
  { name_: "RandomBlur", std: [3, 3] },
  { name_: "RandomNoise", std: [40, 40] },
  { name_: "RandomGhosting", intensity: [1, 1] },
];
const oneOf = made("OneOf", { transforms: choices });
plotTiled(
  "OneOf",
  [2, 4, 5, 7].map((seed) => oneOf.apply(point.alias(), new Rng(seed)).image.tensor),
);
const given = point.alias();
given.image = new ScalarImage(image.tensor.sub(150).div(30), image.affine);
given.plot(join(folder, "logits.png"), { planes: ["axial"] });
for (const [name, options] of Object.entries(OF_OUTPUTS)) {
  made(name, { include: ["image"], ...options }).apply(given, new Rng(7));
  given.plot(join(folder, `${name}.png`), { planes: ["axial"], range: [0, 1] });
}
for (const [name, { options, samples }] of Object.entries(EXTRACTIONS)) {
  const Extraction = extractionRegistry.get(name);
  if (Extraction === undefined) throw new Error(`there is no extraction ${name}`);
  const handler = new TransformsHandler({ extraction: Extraction.fromOptions(options) });
  const cuts = samples.map((index) => {
    const sample = point.alias();
    handler.cutOf(index, new Rng(index + 2)).extract(sample);
    return sample.image.tensor;
  });
  plotTiled(name, cuts);
}
rmSync(brighter);
