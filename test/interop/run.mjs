// `npm run test:interop`: this library and the original ClinicaDL 2.0.0 train the same, and open what the other made.
//   --maps PATH   only checks that the original opens that MAPS (of `npm run demo`, say) and computes the same metrics
//   --keep        leaves what was made, and says where
//   --json        the findings as one line of JSON on standard output, the table on standard error
// CLINICADL_REFERENCE_PYTHON names a Python with ClinicaDL 2.0.0; otherwise one is made in the cache.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { referencePython } from "../../scripts/python-environment.mjs";
import { images } from "./images.mjs";
import { interop, NOTES } from "./interop.mjs";
import { openMaps } from "./open-maps.mjs";
import { tableOf } from "./table.mjs";
import { tensors } from "./tensors.mjs";

const { values: options } = parseArgs({
  options: {
    maps: { type: "string" },
    keep: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const say = (text) => process.stderr.write(`${text}\n`);
const print = options.json ? say : (text) => process.stdout.write(`${text}\n`);

referencePython();
const start = performance.now();
const work = mkdtempSync(join(tmpdir(), "clinicadl-interop-"));
try {
  const rows =
    options.maps === undefined
      ? [...(await images(work)), ...(await tensors(work)), ...(await interop(work, say))]
      : await openMaps(resolve(options.maps), work, say);
  const failed = rows.filter(({ ok }) => !ok);
  const ok = rows.length > 0 && failed.length === 0;
  for (const line of tableOf(rows)) print(line);
  if (options.maps === undefined) for (const note of NOTES) print(note);
  const seconds = Math.round((performance.now() - start) / 1000);
  print(`${rows.length - failed.length} of ${rows.length} comparisons within their tolerance, in ${seconds} s`);
  if (options.json) process.stdout.write(`${JSON.stringify({ ok, rows })}\n`);
  process.exitCode = ok ? 0 : 1;
} finally {
  if (options.keep) say(`Left in ${work}`);
  else rmSync(work, { recursive: true, force: true });
}
