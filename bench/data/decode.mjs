// From a `.nii.gz` to float32 voxels in memory: here, with nibabel and with SimpleITK, one thread each, in turn; and libdeflate alone, which only
// unpacks: what is left between it and this is what this could be faster by.
import { median, run } from "../side.mjs";

const SHAPES = { "2 mm": [91, 109, 91], "1 mm": [182, 218, 182] };
const TYPES = ["int16", "float32"];
const READERS = ["ours", "nibabel", "SimpleITK", "libdeflate"];

export async function decode({ python, rounds, short, work, say, out }) {
  const shapes = short ? { "5 mm": [37, 44, 37] } : SHAPES;
  const files = Object.entries(shapes).flatMap(([name, shape]) =>
    TYPES.map((dtype) => ({ name: `${name} ${dtype}`, shape, dtype, path: `${work}/${name[0]}-${dtype}.nii.gz` })),
  );
  say("Making the images …");
  await run(python, ["bench/data/decode.py", "make", JSON.stringify(files)]);
  const settings = JSON.stringify({ paths: files.map(({ path }) => path), times: short ? 2 : 9 });
  /** Seconds of each file, of all rounds. @type {Record<string, number[][]>} */
  const seconds = Object.fromEntries(READERS.map((reader) => [reader, files.map(() => [])]));
  let inflater = "";
  for (let round = 0; round < rounds; round++) {
    say(`decoding, round ${round + 1} of ${rounds} …`);
    for (const reader of READERS) {
      const said =
        reader === "ours"
          ? await run(process.execPath, ["bench/data/decode.ts", settings])
          : await run(python, ["bench/data/decode.py", reader, settings]);
      inflater = said.inflater ?? inflater;
      for (const [i, values] of said.seconds.entries()) seconds[reader][i].push(...values);
    }
  }
  out(
    `\n${`decoding (${inflater})`.padEnd(24)}${["this ms", "nibabel ms", "ratio", "SimpleITK ms", "ratio", "libdeflate ms", "share"].map((h) => h.padStart(14)).join("")}`,
  );
  const figures = {};
  for (const [i, { name }] of files.entries()) {
    const [ours, nibabel, itk, unpacking] = READERS.map((reader) => median(seconds[reader][i]));
    figures[name] = {
      unit: "s",
      ours,
      nibabel,
      simpleItk: itk,
      unpacking,
      overNibabel: nibabel / ours,
      overSimpleItk: itk / ours,
      unpackingShare: unpacking / ours,
    };
    const cells = [ours, nibabel, nibabel / ours, itk, itk / ours, unpacking, unpacking / ours].map((value, k) =>
      [0, 1, 3, 5].includes(k) ? value * 1e3 : value,
    );
    out(`${name.padEnd(24)}${cells.map((value) => value.toFixed(2).padStart(14)).join("")}`);
  }
  return { inflater, files: figures };
}
