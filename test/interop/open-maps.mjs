// Any MAPS of this library: the original opens a copy, and computes the metrics of all its checkpoints anew.
import { basename, join } from "node:path";
import { checkpointMetrics } from "./compare.mjs";
import { copyWithoutMetrics } from "./copies.mjs";
import { Errands } from "./errands.mjs";
import { finding } from "./finding.mjs";

export async function openMaps(maps, work, say) {
  const copy = join(work, "maps");
  const errands = new Errands(work, say);
  const prepare = () => copyWithoutMetrics(maps, copy);
  await errands.run([{ name: copy, side: "there", prepare, job: { job: "validate", maps: copy } }]);
  const compared = () => checkpointMetrics(maps, copy);
  const row = {
    direction: "here → there",
    operation: "validate: checkpoints",
    tolerance: 1e-4,
    needs: [copy],
    compared,
  };
  return [finding(basename(maps), row, errands)];
}
