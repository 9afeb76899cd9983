/** Computes metrics of surfaces on one pair of segmentations, and prints how long each took, and its value, as JSON. usage: metrics.ts SETTINGS */
import process from "node:process";
import { Batch } from "clinicadl/data/dataloader";
import { DataPoint, LabelMap, ScalarImage } from "clinicadl/data/structures";
import {
  HausdorffDistanceMetricConfig,
  type MetricConfig,
  SurfaceDiceMetricConfig,
  SurfaceDistanceMetricConfig,
} from "clinicadl/metrics/config";
import * as torch from "clinicadl/torch";

interface Settings {
  readonly shape: readonly number[];
  readonly times: number;
  readonly rows: readonly string[];
  readonly spacing: readonly number[];
}

const { shape, times, rows, spacing } = JSON.parse(process.argv[2] ?? "{}") as Settings;
torch.setNumThreads(1);

/** A segmentation whose surface is uneven, the same on all sides: numbers of which float64 has no doubt. */
function ellipsoid(shift: number, dent: number): torch.Tensor {
  const axes = shape.map((n) =>
    Array.from({ length: n }, (_, i) => ({
      at: (i - Math.floor(n / 2) - shift) / (n * 0.35),
      wave: (((i * 7) % 16) - 8) / 64,
    })),
  );
  const [xs = [], ys = [], zs = []] = axes;
  const inside = xs.flatMap((x) =>
    ys.flatMap((y) =>
      zs.map((z) => {
        const far = x.at * x.at + y.at * y.at + z.at * z.at + dent * (x.wave + y.wave + z.wave);
        return far < 1 ? 1 : 0;
      }),
    ),
  );
  return torch.fromTypedArray(Float32Array.from(inside), [1, ...shape]);
}

const [dx = 1, dy = 1, dz = 1] = spacing;
const affine = Float64Array.of(dx, 0, 0, 0, 0, dy, 0, 0, 0, 0, dz, 0, 0, 0, 0, 1);
const [pred, label] = [ellipsoid(2, 1), ellipsoid(0, 0.5)];
const point = new DataPoint({
  image: new ScalarImage(pred.alias(), affine),
  images: { output: new LabelMap(pred, affine), label: new LabelMap(label, affine) },
  participantId: "sub-01",
  sessionId: "ses-01",
});
using batch = new Batch([point]);

const common = { includeBackground: true, spacing: "mm" } as const;
// where distances go along the grid, MONAI knows no size of voxels
const voxels = { includeBackground: true } as const;
const dice = { ...common, classThresholds: [2] };
const configs: Readonly<Record<string, MetricConfig>> = {
  SurfaceDistance: new SurfaceDistanceMetricConfig({ ...common, symmetric: true }),
  HausdorffDistance: new HausdorffDistanceMetricConfig(common),
  HausdorffDistance95: new HausdorffDistanceMetricConfig({ ...common, percentile: 95 }),
  HausdorffTaxicab: new HausdorffDistanceMetricConfig({ ...voxels, distanceMetric: "taxicab" }),
  HausdorffChessboard: new HausdorffDistanceMetricConfig({ ...voxels, distanceMetric: "chessboard" }),
  SurfaceDice: new SurfaceDiceMetricConfig(dice),
  SurfaceDiceSubvoxels: new SurfaceDiceMetricConfig({ ...dice, useSubvoxels: true }),
};
const seconds: number[][] = [];
const values: number[] = [];
for (const name of rows) {
  const config = configs[name];
  if (config === undefined) throw new Error(`There is no metric ${name} here.`);
  const taken: number[] = [];
  // the first warms up
  for (let i = 0; i <= times; i++) {
    const metric = config.getObject();
    const begin = performance.now();
    metric.update(batch);
    const value = metric.aggregate();
    if (i > 0) taken.push((performance.now() - begin) / 1000);
    if (i === times) values.push(value);
  }
  seconds.push(taken);
}
process.stdout.write(`${JSON.stringify({ seconds, values })}\n`);
