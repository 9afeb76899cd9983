// `npm run test:interop`: what this library writes, the original ClinicaDL 2.0.0 reads. MAPS are made here; Python opens
// them, computes every metric of every checkpoint anew, and goes on with an interrupted training.
//   --maps PATH   only checks that MAPS (of `npm run demo`, say)
//   --keep        leaves what was made, and says where
//   --json        the findings as one line of JSON on standard output
// CLINICADL_REFERENCE_PYTHON names a Python with ClinicaDL 2.0.0; otherwise one is made in the cache.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { referencePython } from "../reference-python.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    maps: { type: "string" },
    keep: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const say = (line) => process.stderr.write(`${line}\n`);

/** What open_maps.py finds. */
function openMaps(python, args) {
  return new Promise((done, fail) => {
    const child = spawn(python, [join(here, "open_maps.py"), ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => {
      out += data;
    });
    child.stderr.on("data", (data) => {
      err += data;
    });
    child.once("error", fail);
    child.once("close", (code) => {
      const last = out.trim().split("\n").at(-1) ?? "";
      if (!last.startsWith("{")) {
        fail(new Error(`open_maps.py ended with ${code} and said nothing:\n${err.slice(-3000)}`));
        return;
      }
      const found = JSON.parse(last);
      if (!found.ok) say(err.slice(-6000));
      done(found);
    });
  });
}

/** Numbers as they are; what JSON cannot hold came as text. */
const number = (value) => (typeof value === "number" ? value.toExponential(1) : String(value ?? ""));

const metricValue = (value) => (typeof value === "number" ? value.toFixed(4) : String(value ?? ""));

function comparisonTable({ rows = [], error }) {
  if (error !== undefined) return [`Refused: ${error}`];
  const cells = rows.map((row) => [
    String(row.split),
    row.checkpoint,
    row.metric,
    metricValue(row.ours),
    metricValue(row.theirs),
    number(row.aggregated),
    number(row.details),
    row.error ?? row.skipped ?? "",
  ]);
  const all = [["split", "checkpoint", "metric", "here", "ClinicaDL", "aggregated", "details", ""], ...cells];
  const widths = all[0].map((_, i) => (i === all[0].length - 1 ? 0 : Math.max(...all.map((line) => line[i].length))));
  return all.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("  ")
      .trimEnd(),
  );
}

function resumeLines(found) {
  if (found.error !== undefined) return [`Refused: ${found.error}`];
  const worst = (values) => number(Math.max(...Object.values(values ?? {}).map(Number)));
  return [
    `resumed after epoch ${found.resumedAfterEpoch}, ended after epoch ${found.epochs} of ${found.numEpochs}, ${found.finished ? "finished" : "NOT finished"}`,
    `largest differences to the training that was not interrupted: loss ${worst(found.loss)}, metrics ${worst(found.metrics)}, weights ${number(found.weights)}`,
  ];
}

const python = referencePython();
const work = mkdtempSync(join(tmpdir(), "clinicadl-interop-"));
try {
  const findings = {};
  const print = options.json ? say : (line) => process.stdout.write(`${line}\n`);
  if (options.maps !== undefined) {
    findings.complete = await openMaps(python, [resolve(options.maps)]);
  } else {
    say("Training here …");
    const { makeMaps } = await import("./make-maps.mjs");
    const maps = await makeMaps(work);
    say("Opening in ClinicaDL 2.0.0 …");
    findings.complete = await openMaps(python, [maps.complete]);
    // two builds of libtorch round differently, and a few steps of Adam carry it on
    const args = [maps.interrupted, "--resume", "0", "--like", maps.whole, "--tolerance", "1e-3"];
    findings.resumed = await openMaps(python, args);
  }
  print("Trainer.from_maps and validate; the last two columns are the largest absolute differences");
  for (const line of comparisonTable(findings.complete)) print(`  ${line}`);
  if (findings.complete.note !== undefined) print(`  (${findings.complete.note})`);
  if (findings.resumed !== undefined) {
    print("Trainer.from_maps and resume");
    for (const line of resumeLines(findings.resumed)) print(`  ${line}`);
  }
  const ok = Object.values(findings).every((found) => found.ok);
  print(ok ? "The MAPS opens in ClinicaDL 2.0.0." : "The MAPS does NOT open in ClinicaDL 2.0.0 as it should.");
  if (options.json) process.stdout.write(`${JSON.stringify({ ok, ...findings })}\n`);
  process.exitCode = ok ? 0 : 1;
} finally {
  if (options.keep) say(`Left in ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
