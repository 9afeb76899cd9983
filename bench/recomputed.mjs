// `npm run bench -- recomputed`: what a step holds and takes where the blocks of a network are computed again in the backward pass.
import { run } from "./side.mjs";

/** @param {{ short: boolean, say: (line: string) => void, out: (line: string) => void }} settings */
export async function recomputed({ short, say, out }) {
  say("blocks that are computed again …");
  const { total: _, ...figures } = await run(process.execPath, ["bench/recomputed.ts", JSON.stringify({ short })]);
  out(
    `\n${"a step".padEnd(12)}${["MB", "again", "share", "s", "again", "times"].map((cell) => cell.padStart(9)).join("")}`,
  );
  for (const [name, { kept, again }] of Object.entries(figures)) {
    const cells = [
      (kept.bytes / 1e6).toFixed(0),
      (again.bytes / 1e6).toFixed(0),
      (again.bytes / kept.bytes).toFixed(2),
      kept.seconds.toFixed(3),
      again.seconds.toFixed(3),
      (again.seconds / kept.seconds).toFixed(2),
    ];
    out(`${name.padEnd(12)}${cells.map((cell) => cell.padStart(9)).join("")}`);
  }
  return figures;
}
