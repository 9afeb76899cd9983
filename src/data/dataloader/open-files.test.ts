import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeCohort } from "../fixtures/cohort.ts";

const src = join(import.meta.dirname, "..", "..");

/** Runs code in a process that may open `limit` files. */
function limited(limit: number, code: string, ...args: string[]): string {
  const imports = `
    const { BidsDataset } = await import(${JSON.stringify(join(src, "data/datasets/index.ts"))});
    const { DataLoader } = await import(${JSON.stringify(join(src, "data/dataloader/index.ts"))});
    const { BidsFileType } = await import(${JSON.stringify(join(src, "io/bids/index.ts"))});
    const { readdirSync } = await import("node:fs");
    const [bids, data] = process.argv.slice(1);
    const dataset = new BidsDataset({ bids, data, fileType: new BidsFileType({ dataType: "anat", suffix: "T1w" }) });
    const say = (error) => console.log(error.name + ": " + error.message);
  `;
  const script = `ulimit -n ${limit} && exec "$0" "$@"`;
  const node = [process.execPath, "--input-type=module", "-e", `${imports}${code}`, ...args];
  const { stdout, stderr } = spawnSync("sh", ["-c", script, ...node], { encoding: "utf8" });
  return `${stdout}${stderr}`;
}

/** One epoch with this many workers: "read 7", or the error. */
const epoch = (workers: number): string => `
  try {
    let n = 0;
    for await (using batch of new DataLoader(dataset, { numWorkers: ${workers} })) n++;
    console.log("read " + n);
  } catch (error) {
    say(error);
  }`;

// the limit is one of POSIX; how much of it is used only Linux says
describe.skipIf(!existsSync("/proc/self/limits"))("with few files that may be open, worker threads", () => {
  it("are refused before they start, with the limit and the ways out", () => {
    using cohort = makeCohort(7);
    const args = [cohort.root, cohort.tsv];
    expect(limited(50, epoch(7), ...args)).toMatch(
      /^WorkerError: 7 worker threads of a DataLoader cannot be started: this process may have 50 files open at once, has \d+, and the threads need up to 57 more\. Raise the limit \(ulimit -n 4096\), or lower numWorkers\.\n$/,
    );
    expect(limited(50, epoch(0), ...args)).toBe("read 7\n");
    expect(limited(256, epoch(7), ...args)).toBe("read 7\n");
  });

  it("are refused by a limit of which nothing is left", () => {
    using cohort = makeCohort(2);
    const full = `
      const { openSync } = await import("node:fs");
      const loader = new DataLoader(dataset, { numWorkers: 1, shuffle: false });
      try { for (;;) openSync("/dev/null"); } catch {}
      try { for await (using batch of loader); } catch (error) { say(error); }`;
    expect(limited(64, full, cohort.root, cohort.tsv)).toMatch(
      /^WorkerError: Worker threads of a DataLoader cannot be started: this process has as many files open as it may\./,
    );
  });

  it("of the validation are refused before the first epoch", () => {
    using cohort = makeCohort(2);
    const code = `
      const { Trainer } = await import(${JSON.stringify(join(src, "train/index.ts"))});
      const { toyModel, toySplit } = await import(${JSON.stringify(join(src, "train/fixtures/toy.ts"))});
      const maps = bids + "/maps";
      const split = toySplit();
      split.buildValLoader({ batchSize: 2, numWorkers: 40 });
      const trainer = new Trainer({ maps, model: toyModel(), optimization: { numEpochs: 1 } });
      await trainer.train(split, { computational: { gpu: false } }).catch(say);
      console.log(readdirSync(maps + "/training"));`;
    const said = limited(256, code, cohort.root, cohort.tsv);
    expect(said).toMatch(/^WorkerError: 40 worker threads .* need up to 288 more/);
    expect(said).not.toMatch(/'split-0'/);
  });
});
