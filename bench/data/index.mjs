// `npm run bench -- data`: how fast data come, beside what the original reads them with. Each group of rows has a file of its
// own, named below: `(context) => figures`, which says its rows itself.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { bids } from "./bids.mjs";
import { conversion } from "./conversion.mjs";
import { decode } from "./decode.mjs";
import { epochs } from "./epochs.mjs";
import { patches } from "./patches.mjs";
import { transforms } from "./transforms.mjs";
import { waiting } from "./waiting.mjs";

export const GROUPS = { decode, transforms, patches, epochs, waiting, conversion, bids };

/**
 * @param names groups; all where there is none
 * @param context `{ python, peers, rounds, short, say, out, only }`: the Python of the original, and what gives that of today's libraries; `only`, the names of some transforms, if not all are wanted; each group also gets `work`, a folder that is deleted afterwards
 */
export async function data(names, context) {
  const unknown = names.filter((name) => !(name in GROUPS));
  if (unknown.length > 0) {
    throw new Error(`bench data: '${unknown.join(" ")}' is not known; there are ${Object.keys(GROUPS).join(", ")}.`);
  }
  context.out(`on ${cpus()[0]?.model.trim() ?? "an unknown processor"}, ${cpus().length} cores`);
  const figures = {};
  for (const [name, group] of Object.entries(GROUPS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const work = mkdtempSync(join(tmpdir(), "clinicadl-bench-data-"));
    try {
      figures[name] = await group({ ...context, work });
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return figures;
}
