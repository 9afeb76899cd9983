// Metrics of surfaces on one pair of segmentations: here, in MONAI as ClinicaDL has it, in today's, and in DeepMind's surface-distance, one
// thread each, in turn. What they give is compared too.
import { cpus } from "node:os";
import { median, run } from "./side.mjs";

/** Distances in millimetres, but along the grid in voxels: DeepMind's has none of these. */
const ROWS = [
  "SurfaceDistance",
  "HausdorffDistance",
  "HausdorffDistance95",
  "HausdorffTaxicab",
  "HausdorffChessboard",
  "SurfaceDice",
  "SurfaceDiceSubvoxels",
];
/** The values that DeepMind's defines otherwise: by areas, where MONAI's count voxels. */
const BY_AREA = ["SurfaceDistance", "HausdorffDistance95", "SurfaceDice"];

export async function metrics({ python, peers, surfaces, rounds, short, say, out }) {
  const settings = JSON.stringify({
    shape: short ? [24, 28, 24] : [182, 218, 182],
    times: 1,
    rows: ROWS,
    spacing: [1, 1.2, 0.9],
  });
  const script = "bench/metrics.py";
  const sides = {
    ours: [process.execPath, ["bench/metrics.ts", settings]],
    clinicadl: [python, [script, "monai", settings]],
    newest: [peers(), [script, "monai", settings]],
    deepmind: [surfaces(), [script, "deepmind", settings]],
  };
  /** @type {Record<string, { seconds: number[][], values: number[] }>} */
  const found = Object.fromEntries(
    Object.keys(sides).map((side) => [side, { seconds: ROWS.map(() => []), values: [] }]),
  );
  // a thread of a numerical library that waits is one too many
  const env = { ...process.env, OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  for (let round = 0; round < rounds; round++) {
    say(`metrics, round ${round + 1} of ${rounds} …`);
    for (const [side, [command, args]] of Object.entries(sides)) {
      const said = await run(command, args, { env });
      for (const [i, values] of said.seconds.entries()) found[side].seconds[i].push(...values);
      found[side].values = said.values;
    }
  }
  out(`on ${cpus()[0]?.model.trim() ?? "an unknown processor"}, ${cpus().length} cores`);
  const heads = ["this ms", "ClinicaDL ms", "ratio", "newest ms", "ratio", "DeepMind ms", "ratio"];
  out(`\n${"metrics".padEnd(24)}${heads.map((h) => h.padStart(14)).join("")}`);
  const figures = {};
  for (const [i, name] of ROWS.entries()) {
    checkEqual(name, Object.fromEntries(Object.entries(found).map(([side, { values }]) => [side, values[i]])));
    const [ours, ...others] = Object.values(found).map(({ seconds }) => median(seconds[i]));
    const [clinicadl, newest, deepmind] = others;
    const fastest = Math.min(...others.filter((seconds) => seconds !== undefined));
    figures[name] = { unit: "s", ours, clinicadl, newest, deepmind, ratio: fastest / ours };
    const cells = [
      ours * 1e3,
      ...others.flatMap((seconds) => (seconds === undefined ? [] : [seconds * 1e3, seconds / ours])),
    ];
    out(`${name.padEnd(24)}${cells.map((value) => value.toFixed(2).padStart(14)).join("")}`);
  }
  return figures;
}

/** @throws Error where two sides that define a metric alike give other numbers. */
function checkEqual(name, values) {
  const { ours, ...others } = values;
  for (const [side, value] of Object.entries(others)) {
    if (value === null || (side === "deepmind" && BY_AREA.includes(name))) continue;
    if (Math.abs(value - ours) <= 1e-4 * Math.abs(value)) continue;
    throw new Error(`bench metrics: ${name} is ${ours} here and ${value} with ${side}.`);
  }
}
