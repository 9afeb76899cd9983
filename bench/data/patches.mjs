// Random patches of 1 mm volumes from disk, one thread: a dataset with `cache: "disk"` here, and nnU-Net 2.8's own loader of blosc2
// files, packed as it packs them (LZ4HC, level 5), and with zstd of level 8, which takes about as much disk as this.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { nnunetPython } from "../../scripts/python-environment.mjs";
import { median, run } from "../side.mjs";

const TYPES = ["int16", "float32"];

export async function patches({ python, rounds, short, work, say, out }) {
  const peer = nnunetPython();
  const shape = short ? [91, 109, 91] : [182, 218, 182];
  const sizes = short ? [32] : [64, 128];
  const files = TYPES.map((dtype) => {
    const folder = join(work, dtype, "sub-01", "anat");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(work, dtype, "dataset_description.json"),
      '{"Name": "bench", "BIDSVersion": "1.7.0", "DatasetType": "raw"}',
    );
    return { dtype, shape, path: join(folder, "sub-01_T1w.nii.gz") };
  });
  say("Making the images …");
  await run(python, ["bench/data/decode.py", "make", JSON.stringify(files)]);
  const readers = ["this", "LZ4HC 5", "zstd 8"];
  const figures = {};
  out(
    `\n${"patches".padEnd(16)}${["this /s", "MB", "nnU-Net /s", "MB", "ratio", "zstd 8 /s", "MB", "ratio"].map((h) => h.padStart(11)).join("")}`,
  );
  for (const { dtype, path } of files) {
    for (const size of sizes) {
      /** @type {Record<string, { rates: number[], bytes: number }>} */
      const found = Object.fromEntries(readers.map((reader) => [reader, { rates: [], bytes: 0 }]));
      for (let round = 0; round < rounds; round++) {
        say(`patches of ${size}³, ${dtype}, round ${round + 1} of ${rounds} …`);
        for (const reader of readers) {
          const settings = {
            dtype,
            path,
            size,
            shape,
            times: short ? 5 : 200,
            work,
            bids: join(work, dtype),
            codec: reader,
          };
          const said =
            reader === "this"
              ? await run(process.execPath, ["bench/data/patches.ts", JSON.stringify(settings)])
              : await run(peer, ["bench/data/patches.py", JSON.stringify(settings)]);
          found[reader].rates.push(1 / median(said.seconds));
          found[reader].bytes = said.bytes;
        }
      }
      const [ours, lz4, zstd] = readers.map((reader) => ({
        perSecond: median(found[reader].rates),
        bytes: found[reader].bytes,
      }));
      const name = `${size}³ ${dtype}`;
      figures[name] = {
        ours,
        lz4,
        zstd,
        overLz4: ours.perSecond / lz4.perSecond,
        overZstd: ours.perSecond / zstd.perSecond,
      };
      const cells = [
        ours.perSecond,
        ours.bytes / 1e6,
        ...[lz4, zstd].flatMap((one) => [one.perSecond, one.bytes / 1e6, ours.perSecond / one.perSecond]),
      ];
      out(`${name.padEnd(16)}${cells.map((value) => value.toFixed(2).padStart(11)).join("")}`);
    }
  }
  return figures;
}
