/** Makes a dataset of many participants, and prints what that took, as JSON. usage: bids.ts FOLDER */
import process from "node:process";
import { BidsDataset } from "clinicadl/data/datasets";
import { Bids, BidsFileType } from "clinicadl/io/bids";

const folder = process.argv[2] ?? "";
const fileType = new BidsFileType({ dataType: "anat", suffix: "T1w" });
const figures: Record<string, number> = {};
async function timed<T>(name: string, action: () => T | Promise<T>): Promise<T> {
  const begin = performance.now();
  const result = await action();
  figures[name] = (performance.now() - begin) / 1000;
  return result;
}

const dataset = await timed(
  "dataset stands",
  () => new BidsDataset({ bids: folder, fileType, data: `${folder}/metadata.tsv`, columns: ["age"] }),
);
figures["peak memory"] = process.resourceUsage().maxRSS / 1024;
// what a worker thread gets, and what it makes of it
const portable = await timed("sent to a worker", () => structuredClone(dataset.toWorker()));
await timed("a worker's dataset", () => BidsDataset.fromWorker(portable.content));
await timed("every row, once", () => {
  for (let i = 0; i < dataset.length; i++) dataset.getSampleInfo(i, "age");
});
await timed("half of it", () => dataset.subset(dataset.df.filter((_, i) => i % 2 === 0)));
await timed("sessions looked for", () => new Bids(folder).getParticipantsSessionsWith(fileType));
process.stdout.write(`${JSON.stringify({ figures })}\n`);
