// Each transform on one image and its mask: here, and in ClinicaDL (TorchIO 0.20, MONAI 1.5), one thread each, in turn.
import { median, run } from "../side.mjs";

/** Names and options as in ClinicaDL. @type {[string, object][]} */
const TRANSFORMS = [
  ["ZNormalization", {}],
  ["RescaleIntensity", { percentiles: [1, 99] }],
  ["Clamp", { out_min: 0, out_max: 800 }],
  ["Mask", { masking_method: "brain" }],
  ["Crop", { cropping: 8 }],
  ["CropOrPad", { target_shape: [80, 120, 90] }],
  ["EnsureShapeMultiple", { target_multiple: 32 }],
  ["Resize", { target_shape: 64 }],
  ["Resample", { target: 1.5 }],
  ["RemapLabels", { remapping: [[1, 2]] }],
  ["OneHot", { num_classes: 2, include: ["brain"] }],
  ["RandomFlip", { axes: [0, 1, 2] }],
  ["RandomAffine", {}],
  ["RandomElasticDeformation", {}],
  ["RandomAnisotropy", {}],
  ["RandomMotion", {}],
  ["RandomGhosting", {}],
  ["RandomSpike", {}],
  ["RandomBiasField", {}],
  ["RandomBlur", {}],
  ["RandomNoise", {}],
  ["RandomSwap", {}],
  ["RandomGamma", {}],
  ["KeepLargestConnectedComponent", { include: ["brain"] }],
  ["FillHoles", { include: ["brain"] }],
  ["RemoveSmallObjects", { include: ["brain"] }],
  ["DistanceTransformEDT", { include: ["brain"] }],
];

export async function transforms({ python, rounds, short, say, out }) {
  const settings = JSON.stringify({
    shape: short ? [24, 28, 24] : [96, 112, 96],
    times: short ? 1 : 3,
    transforms: TRANSFORMS.map(([name, options]) => ({ name, options })),
  });
  /** Seconds of each transform, of all rounds. @type {Record<string, number[][]>} */
  const seconds = { ours: TRANSFORMS.map(() => []), reference: TRANSFORMS.map(() => []) };
  for (let round = 0; round < rounds; round++) {
    say(`transforms, round ${round + 1} of ${rounds} …`);
    for (const side of ["ours", "reference"]) {
      const said =
        side === "ours"
          ? await run(process.execPath, ["bench/data/transforms.ts", settings])
          : await run(python, ["bench/data/transforms.py", settings]);
      for (const [i, values] of said.seconds.entries()) seconds[side][i].push(...values);
    }
  }
  out(`\n${"transforms".padEnd(32)}${["this ms", "ClinicaDL ms", "ratio"].map((h) => h.padStart(14)).join("")}`);
  const figures = {};
  let product = 1;
  for (const [i, [name]] of TRANSFORMS.entries()) {
    const ours = median(seconds.ours[i]);
    const reference = median(seconds.reference[i]);
    product *= reference / ours;
    figures[name] = { unit: "s", ours, reference, ratio: reference / ours };
    const cells = [ours * 1e3, reference * 1e3, reference / ours];
    out(`${name.padEnd(32)}${cells.map((value) => value.toFixed(2).padStart(14)).join("")}`);
  }
  const geometricMean = product ** (1 / TRANSFORMS.length);
  out(`${"geometric mean of ratios".padEnd(60)}${geometricMean.toFixed(2).padStart(14)}`);
  return { transforms: figures, geometricMean };
}
