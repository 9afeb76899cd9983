// `npm run bench`: the same training with ClinicaDL 2.0.0 in Python and here, in turn, on the same machine, cohort,
// network, epochs and seed; then one training step against PyTorch eager alone.
//   data          only how fast data come: `data decode`, `transforms`, `patches`, `epochs`, `waiting`, `conversion`, `bids` for one group of its rows
//   metrics       only metrics of surfaces, beside MONAI's and DeepMind's
//   networks [X]  only one training step and one inference of each network (whose name has X in it), beside PyTorch 2.6, 2.15 and torch.compile
//   step          only one training step, in float32 and under autocast, beside PyTorch 2.6, 2.15 and torch.compile, and what the machine could do at most
//   residual      only a loop of one's own over a residual network, against PyTorch eager
//   recomputed    only the memory and the time of networks whose blocks are computed again in the backward pass, for which no Python is needed
//   ranks         only a training step in one process and in two, for which no Python is needed
//                 --namespaces: the two in two network namespaces as two hosts, with a cable of 10 and 1 Gb/s between them (Linux, as root)
//                 --delay MS: and so many milliseconds of delay, each way, by a program that a C++ compiler makes on the spot
//   sharded       only the memory of processes that share the weights of a network, for which no Python is needed
//   --rounds N    how often each side runs (3; the medians are shown)
//   --epochs N    epochs of the training (4)
//   --only NAMES  of `data transforms`, only these: their names, with commas between
//   --amp         of `networks`, also under autocast (bfloat16)
//   --short       one round, one epoch: whether it works, not how fast it is
//   --busy        although other programs are at work, which is refused otherwise
//   --json        the figures as one line of JSON on standard output
// The reference's environment is made in the cache at the first use; CLINICADL_REFERENCE_PYTHON names one instead.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { peersPython, referencePython, surfacesPython } from "../scripts/python-environment.mjs";
import { data } from "./data/index.mjs";
import { metrics } from "./metrics.mjs";
import { networks } from "./networks.mjs";
import { refuseBusyMachine } from "./quiet.mjs";
import { overNetwork, ranks } from "./ranks.mjs";
import { recomputed } from "./recomputed.mjs";
import { residual } from "./residual.mjs";
import { sharded } from "./sharded.mjs";
import { heading, median, row, run, sideBySide } from "./side.mjs";
import { steps } from "./steps.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    epochs: { type: "string", default: "4" },
    only: { type: "string" },
    amp: { type: "boolean", default: false },
    short: { type: "boolean", default: false },
    busy: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    namespaces: { type: "boolean", default: false },
    delay: { type: "string" },
  },
});
const rounds = options.short ? 1 : Number(options.rounds);
const epochs = options.short ? 1 : Number(options.epochs);
const delay = options.delay === undefined ? null : Number(options.delay);
if (delay !== null && !(delay >= 0))
  throw new Error(`bench: --delay is '${options.delay}', not a number of milliseconds.`);
const say = (line) => process.stderr.write(`${line}\n`);

const out = options.json ? say : (line) => process.stdout.write(`${line}\n`);
const [part, ...groups] = positionals;
const settings = { short: options.short, rounds, say, out };
const beside = () => ({ ...settings, python: referencePython(), peers: peersPython });
/** What each part is, and how many words may follow its name. @type {Record<string, { words?: number, run: () => Promise<unknown> }>} */
const parts = {
  data: { words: Number.POSITIVE_INFINITY, run: () => data(groups, { ...beside(), only: options.only?.split(",") }) },
  metrics: { run: () => metrics({ ...beside(), surfaces: surfacesPython }) },
  networks: { words: 1, run: () => networks(groups[0], { ...beside(), amp: options.amp }) },
  ranks: { run: () => (options.namespaces ? overNetwork({ ...settings, delay }) : ranks(settings)) },
  recomputed: { run: () => recomputed(settings) },
  residual: { run: () => residual(referencePython(), settings) },
  sharded: { run: () => sharded(settings) },
  step: { run: () => steps(beside()) },
};
const named = part === undefined ? undefined : parts[part];
if (part !== undefined && !(named !== undefined && groups.length <= (named.words ?? 0))) {
  throw new Error(
    `bench: '${positionals.join(" ")}' is not known; write one of ${Object.keys(parts).join(", ")}, or nothing for all.`,
  );
}
if (!options.short && !options.busy) await refuseBusyMachine();
if (part !== undefined && named !== undefined) {
  const figures = await named.run();
  if (options.json) process.stdout.write(`${JSON.stringify({ [part]: figures, rounds })}\n`);
  process.exit(0);
}
const python = referencePython();
const work = mkdtempSync(join(tmpdir(), "clinicadl-bench-"));
const bids = join(work, "bids");
const cli = join(here, "..", "dist", "cli", "index.js");
try {
  say("Making the cohort …");
  const cohort = [cli, "generate", bids, "--participants", "32", "--resolution", "3", "--seed", "42"];
  const { status } = spawnSync(process.execPath, cohort, { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("the cohort could not be made");
  const { makeKFold } = await import("../dist/split/index.js");
  const { readNifti } = await import("../dist/io/nifti/index.js");
  const splits = makeKFold(join(bids, "metadata.tsv"), {
    nSplits: 4,
    outputDir: work,
    stratification: "diagnosis",
    seed: 42,
  });
  const subject = readdirSync(bids).find((name) => name.startsWith("sub-")) ?? "";
  const image = readdirSync(join(bids, subject, "ses-M000", "anat")).find((name) => name.endsWith(".nii.gz")) ?? "";
  const { shape } = await readNifti(join(bids, subject, "ses-M000", "anat", image));
  const settings = {
    inShape: [1, ...shape],
    channels: [8, 16, 32],
    norm: "instance",
    act: "relu",
    poolingIndices: [0, 1, 2],
    lr: 3e-4,
    batchSize: 4,
    seed: 42,
  };

  /** @type {Record<"reference" | "ours", any[]>} */
  const sides = { reference: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    for (const side of Object.keys(sides)) {
      say(`Round ${round + 1} of ${rounds}: ${side === "ours" ? "this" : "ClinicaDL 2.0.0"} …`);
      const maps = join(work, `maps-${side}-${round}`);
      const started = String(Date.now() / 1000);
      const args = [bids, splits, maps, String(epochs), started, JSON.stringify(settings)];
      sides[side].push(
        side === "ours"
          ? await run(process.execPath, [join(here, "ours.ts"), ...args])
          : await run(python, [join(here, "reference.py"), ...args]),
      );
    }
  }
  const figures = {};
  const add = (name, unit, pick) => {
    const [reference, ours] = ["reference", "ours"].map((side) => median(sides[side].map(pick)));
    figures[name] = { unit, reference, ours, ratio: reference / ours };
  };
  add("whole run", "s", (r) => r.total);
  // the first steps warm caches up on both sides
  add("training step", "s", (r) => median(r.steps.slice(r.steps.length > 4 ? 2 : 0)));
  add("start to first step", "s", (r) => r.start);
  add("loading one image", "s", (r) => median(r.loads));
  add("peak memory", "MB", (r) => r.peakMB);

  const [a, b] = [sides.reference[0].losses, sides.ours[0].losses];
  const compared = Math.min(20, a.length, b.length);
  const difference = Math.max(...a.slice(0, compared).map((loss, i) => Math.abs(loss - b[i]) / Math.abs(loss)));
  const curves = { steps: compared, largestRelativeDifference: difference, equal: difference <= 1e-3 };

  const step = {
    channels: [8, 16, 32, 64],
    batch: 4,
    shape: options.short ? [48, 56, 48] : [96, 112, 96],
    steps: options.short ? 3 : 10,
  };
  const stepFigures = await sideBySide(python, "step", step, { rounds, say, name: "step" });

  out(heading("", "ClinicaDL"));
  for (const [name, figure] of Object.entries(figures)) out(row(name, figure.unit, figure));
  out(
    `loss curves over ${compared} steps: largest relative difference ${difference.toExponential(1)} (${curves.equal ? "equal" : "NOT equal"} to 1e-3)`,
  );
  out(heading("one step", "PyTorch"));
  for (const [name, figure] of Object.entries(stepFigures)) out(row(name, name.endsWith("MB") ? "MB" : "s", figure));
  if (options.json) process.stdout.write(`${JSON.stringify({ figures, curves, step: stepFigures, rounds, epochs })}\n`);
  process.exitCode = curves.equal ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
