// `npm run bench -- step`: one training step of a small 3D network in float32 and under autocast (bfloat16), here, in PyTorch 2.6 (what ClinicaDL uses), and in
// PyTorch 2.15 eager and compiled, in turn; and what the machine could do at most: products of matrices, and copying.
import { median, run } from "./side.mjs";

export async function steps({ python, peers, rounds, short, say, out }) {
  const settings = {
    channels: [8, 16, 32, 64],
    batch: 4,
    shape: short ? [48, 56, 48] : [96, 112, 96],
    steps: short ? 3 : 10,
  };
  const newest = peers();
  const program = (command, options) => [command, ["bench/step.py", JSON.stringify({ ...settings, ...options })]];
  const modes = { float32: {}, amp: { amp: true } };
  const figures = {};
  for (const [mode, options] of Object.entries(modes)) {
    const sides = {
      this: [process.execPath, ["bench/step.ts", JSON.stringify({ ...settings, ...options })]],
      "PyTorch 2.6": program(python, options),
      "PyTorch 2.15": program(newest, options),
      // compiling takes minutes, which say nothing of whether it works here
      ...(short ? {} : { "torch.compile": program(newest, { ...options, compile: true }) }),
    };
    /** @type {Record<string, any[]>} */
    const said = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
    for (let round = 0; round < rounds; round++)
      for (const [side, [command, args]] of Object.entries(sides)) {
        say(`${mode}, round ${round + 1} of ${rounds}: ${side} …`);
        said[side].push(await run(command, args));
      }
    figures[mode] = Object.fromEntries(
      Object.entries(said).map(([side, rows]) => {
        const later = rows.flatMap((r) => r.steps.slice(settings.steps > 4 ? 2 : 1));
        return [
          side,
          {
            ms: 1000 * median(later),
            fastest: 1000 * Math.min(...later),
            first: 1000 * median(rows.map((r) => r.steps[0])),
            peakMB: median(rows.map((r) => r.peakMB)),
          },
        ];
      }),
    );
  }
  const limit = await run(process.execPath, ["bench/limit.ts", JSON.stringify({ short })]);
  const cells = (values) => values.map((value) => value.padStart(12)).join("");
  for (const [mode, sides] of Object.entries(figures)) {
    out(`\n${mode.padEnd(16)}${cells(["median ms", "ratio", "fastest ms", "ratio", "first ms", "peak MB", "ratio"])}`);
    for (const [side, { ms, fastest, first, peakMB }] of Object.entries(sides)) {
      const own = sides.this;
      out(
        `${side.padEnd(16)}${cells([ms.toFixed(0), (ms / own.ms).toFixed(2), fastest.toFixed(0), (fastest / own.fastest).toFixed(2), first.toFixed(0), peakMB.toFixed(0), (peakMB / own.peakMB).toFixed(2)])}`,
      );
    }
  }
  out(
    `\n${limit.processor}: matrices ${limit.float32.toFixed(0)} GFLOP/s in float32, ${limit.bfloat16.toFixed(0)} in bfloat16; copying ${limit.copy.toFixed(1)} GB/s`,
  );
  return { ...figures, limit };
}
