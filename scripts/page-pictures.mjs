// Makes the pictures of the README: the live page of a training on the simulated cohort. `npm run pictures:page`, when the page looks otherwise.
// Needs Chromium, as test/page does.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { runDemo } from "../dist/cli/demo.js";
import { serve } from "../dist/view/server/index.js";
import { findChromium } from "../test/page/chromium.ts";

const pictures = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "pictures");
const work = mkdtempSync(join(tmpdir(), "page-pictures-"));

/** What a person would do, up to each picture. */
async function takePictures(url) {
  const browser = await chromium.launch({ executablePath: findChromium(), args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1180, height: 760 }, colorScheme: "light" });
    await page.goto(url);
    await page.waitForSelector("main[data-shown=curves] canvas");
    await page.screenshot({ path: join(pictures, "page-curves.png") });
    await page.click("#tab-folds");
    await page.waitForSelector("main[data-shown=folds] .figure svg");
    await page.screenshot({ path: join(pictures, "page-folds.png") });
  } finally {
    await browser.close();
  }
}

try {
  const options = { participants: 32, folds: 4, epochs: 20, seed: 42, workers: 2, permuteLabels: false };
  const { maps } = await runDemo({ output: work, ...options }, console.log);
  mkdirSync(pictures, { recursive: true });
  await using served = await serve({ maps: [maps] });
  await takePictures(served.url);
} finally {
  rmSync(work, { recursive: true, force: true });
}
