// A dataset of 100,000 participants: how long until it stands, and what that takes. The images are empty: none is read.
import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median, run } from "../side.mjs";

/** What is held to, on a machine that does nothing else. */
const LIMITS = { "dataset stands": 5, "peak memory": 500 };

export async function bids({ rounds, short, work, say, out }) {
  const participants = short ? 500 : 100_000;
  say(`Making a tree of ${participants} participants …`);
  makeTree(work, participants);
  const runs = [];
  for (let round = 0; round < rounds; round++) {
    say(`dataset, round ${round + 1} of ${rounds} …`);
    runs.push(await run(process.execPath, ["bench/data/bids.ts", work]));
  }
  out(`\n${`${participants} participants`.padEnd(24)}${"this".padStart(14)}`);
  const figures = {};
  for (const name of Object.keys(runs[0].figures)) {
    const unit = name.endsWith("memory") ? "MB" : "s";
    const value = median(runs.map((one) => one.figures[name]));
    figures[name] = { unit, value };
    const limit = LIMITS[name] === undefined ? "" : `  (at most ${LIMITS[name]})`;
    out(`${name.padEnd(24)}${value.toFixed(unit === "MB" ? 0 : 3).padStart(14)}  ${unit}${limit}`);
  }
  return { participants, figures };
}

function makeTree(root, participants) {
  writeFileSync(
    join(root, "dataset_description.json"),
    JSON.stringify({ Name: "many", BIDSVersion: "1.10.0", DatasetType: "raw" }),
  );
  const lines = ["participant_id\tsession_id\tage\tsex\tdiagnosis"];
  for (let i = 0; i < participants; i++) {
    const sub = `sub-${String(i).padStart(6, "0")}`;
    const folder = join(root, sub, "ses-M000", "anat");
    mkdirSync(folder, { recursive: true });
    const image = join(folder, `${sub}_ses-M000_T1w.nii.gz`);
    writeFileSync(image, "");
    // larger than a pointer of git-annex, which would be looked into
    truncateSync(image, 5000);
    lines.push(`${sub}\tses-M000\t${50 + (i % 40)}.5\t${i % 2 ? "F" : "M"}\t${i % 3 ? "AD" : "CN"}`);
  }
  writeFileSync(join(root, "metadata.tsv"), `${lines.join("\n")}\n`);
}
