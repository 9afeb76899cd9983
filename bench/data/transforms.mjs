// Each transform on one image and its mask: here, in ClinicaDL (TorchIO 0.20, MONAI 1.5) and in today's TorchIO and MONAI, one thread each, in turn.
import { median, run } from "../side.mjs";

const CHAIN = ["RandomAffine", "RandomElasticDeformation", "RandomFlip"];
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
  ["Compose", { transforms: CHAIN }],
  // the others interpolate in each of them
  ["Compose", { transforms: CHAIN, once: true }],
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

export async function transforms({ python, peers, rounds, short, say, out, only }) {
  const unknown = (only ?? []).filter((name) => TRANSFORMS.every(([known]) => known !== name));
  if (unknown.length > 0) throw new Error(`bench data transforms: there is no ${unknown.join(", ")} among its rows.`);
  const chosen = only === undefined ? TRANSFORMS : TRANSFORMS.filter(([name]) => only.includes(name));
  const settings = JSON.stringify({
    shape: short ? [24, 28, 24] : [96, 112, 96],
    times: short ? 1 : 3,
    atLeast: short ? 0 : 0.25,
    transforms: chosen.map(([name, options]) => ({ name, options })),
  });
  const script = "bench/data/transforms.py";
  const sides = {
    ours: [process.execPath, ["bench/data/transforms.ts", settings]],
    clinicadl: [python, [script, "clinicadl", settings]],
    newest: [peers(), [script, "newest", settings]],
  };
  /** Seconds of each transform, of all rounds. @type {Record<string, number[][]>} */
  const seconds = Object.fromEntries(Object.keys(sides).map((side) => [side, chosen.map(() => [])]));
  for (let round = 0; round < rounds; round++) {
    say(`transforms, round ${round + 1} of ${rounds} …`);
    for (const [side, [command, args]] of Object.entries(sides)) {
      const said = await run(command, args);
      for (const [i, values] of said.seconds.entries()) seconds[side][i].push(...values);
    }
  }
  const heads = ["this ms", "ClinicaDL ms", "ratio", "newest ms", "ratio"];
  out(`\n${"transforms".padEnd(32)}${heads.map((h) => h.padStart(14)).join("")}`);
  const figures = {};
  for (const [i, [transform, options]] of chosen.entries()) {
    const name = "once" in options ? `${transform}, once` : transform;
    const [ours, clinicadl, newest] = Object.keys(sides).map((side) => median(seconds[side][i]));
    const ratios = { overClinicadl: clinicadl / ours, overNewest: newest / ours };
    figures[name] = { unit: "s", ours, clinicadl, newest, ...ratios };
    const cells = [ours * 1e3, clinicadl * 1e3, ratios.overClinicadl, newest * 1e3, ratios.overNewest];
    out(`${name.padEnd(32)}${cells.map((value) => value.toFixed(2).padStart(14)).join("")}`);
  }
  const geometricMean = (pick) => {
    const values = Object.values(figures).map(pick);
    return values.reduce((product, value) => product * value, 1) ** (1 / values.length);
  };
  const means = {
    overClinicadl: geometricMean((figure) => figure.overClinicadl),
    overNewest: geometricMean((figure) => figure.overNewest),
  };
  out(
    `${"geometric mean of ratios".padEnd(60)}${means.overClinicadl.toFixed(2).padStart(14)}${means.overNewest.toFixed(2).padStart(28)}`,
  );
  return { transforms: figures, geometricMean: means };
}
