import { resolve } from "node:path";
import type { Command } from "commander";
import { answer } from "../utils/output.ts";

interface Flags {
  readonly folder?: string;
  readonly clear?: boolean;
  readonly json: boolean;
}

/** `clinicadl cache`: what datasets with `cache: "disk"` keep. What it takes is loaded here, not for `--help`. */
export function registerCache(program: Command): void {
  program
    .command("cache")
    .description('show the images that datasets with cache: "disk" keep, or delete them')
    .option("--folder <path>", 'the folder of cache: { disk: "…" } (default: that of cache: "disk")')
    .option("--clear", "delete them: they are made again when they are needed")
    .option("--json", "print it as JSON", false)
    .action(async ({ folder, clear, json }: Flags) => {
      const { contentOfFolder, describeFolder, sizeText } = await import("../data/datasets/disk/describe.ts");
      const { clearEntries, defaultCacheFolder } = await import("../data/datasets/disk/folder.ts");
      const path = folder === undefined ? defaultCacheFolder() : resolve(folder);
      if (clear !== true) {
        const content = contentOfFolder(path);
        return answer(json ? JSON.stringify(content) : describeFolder(content));
      }
      const deleted = clearEntries(path);
      const bytes = deleted.reduce((sum, entry) => sum + entry.bytes, 0);
      const done = { folder: path, deleted: deleted.length, bytes };
      answer(json ? JSON.stringify(done) : `${path}: ${deleted.length} deleted, ${sizeText(bytes)} freed`);
    });
}
