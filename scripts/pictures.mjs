// Makes the pictures of docs/transforms.md: what each transform makes of the same brain. `npm run pictures`, when there is a new one.
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fetchTemplate } from "../dist/cli/generate/template.js";
import { DataPoint, LabelMap, ScalarImage } from "../dist/data/structures/index.js";
import { writeNifti } from "../dist/io/nifti/index.js";
import * as torch from "../dist/torch/index.js";
import { histogramLandmarks, ResampleConfig, Rng, transformRegistry } from "../dist/transforms/index.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "pictures", "transforms");
const brighter = join(tmpdir(), `pictures-${process.pid}.nii.gz`);
/** Intensities that are black and white in pictures of what changes them. @type {readonly [number, number]} */
const SCALE = [0, 255];

using _scope = torch.scope();
using _grad = torch.noGrad();

/** The brain in voxels of 2 mm, with a mask of its white matter. */
function brain(template) {
  const point = new DataPoint({ image: ScalarImage.read(template), participantId: "sub-001", sessionId: "ses-M000" });
  new ResampleConfig({ target: 2 }).getObject().apply(point, new Rng(0));
  const { tensor } = point.image;
  point.addMask("white", new LabelMap(tensor.gt(185).to({ dtype: "uint8" }), point.image.affine));
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
rmSync(brighter);
