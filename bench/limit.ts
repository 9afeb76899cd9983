/** What a machine can do at most: products of matrices in float32 and bfloat16, and copying. usage: limit.ts SETTINGS; prints JSON. */
import * as torch from "clinicadl/torch";

const { short = false } = JSON.parse(process.argv[2] ?? "{}");

/** The least seconds of several times. */
function fastest(body: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < (short ? 2 : 10); i++) {
    using _ = torch.scope();
    const begin = performance.now();
    body();
    least = Math.min(least, (performance.now() - begin) / 1000);
  }
  return least;
}

const size = short ? 256 : 2048;
const matrices = torch.randn([size, size]);
const half = matrices.to({ dtype: "bfloat16" });
const flops = 2 * size ** 3;
// far more than the caches hold; each number is read and written
const voxels = torch.randn([short ? 2 ** 20 : 2 ** 26]);
const copied = torch.emptyLike(voxels);
const figures = {
  processor: torch.describeProcessor(torch.processor()),
  threads: torch.getNumThreads(),
  float32: flops / fastest(() => matrices.matmul(matrices)) / 1e9,
  bfloat16: flops / fastest(() => half.matmul(half)) / 1e9,
  copy: (2 * 4 * voxels.numel()) / fastest(() => copied.copy_(voxels)) / 1e9,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
