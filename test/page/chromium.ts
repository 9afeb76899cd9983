import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * The Chromium of the tests of the live page: CLINICADL_CHROMIUM names one; else that of the system, which Debian's package manager
 * installs where there is none and this may do so (root, as in CI).
 * @throws Error that says how to get one.
 */
export function findChromium(): string {
  const named = process.env.CLINICADL_CHROMIUM;
  if (named) return named;
  const found = inPath("chromium") ?? inPath("chromium-browser") ?? inPath("google-chrome");
  if (found !== null) return found;
  if (process.getuid?.() === 0 && inPath("apt-get") !== null) {
    for (const args of [["update"], ["install", "--yes", "--no-install-recommends", "chromium"]]) {
      spawnSync("apt-get", args, { stdio: ["ignore", 2, 2] });
    }
    const installed = inPath("chromium");
    if (installed !== null) return installed;
  }
  throw new Error(
    "The tests of the live page need Chromium: install it (Debian: apt-get install chromium), or name one in CLINICADL_CHROMIUM.",
  );
}

function inPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // the next folder
    }
  }
  return null;
}
