// Makes the pictures of the README: the live page of a training on the simulated cohort. `npm run pictures:page`, when the page looks otherwise.
// Needs Chromium, as test/page does.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { runDemo } from "../src/cli/demo.ts";
import { DataLoader } from "../src/data/dataloader/index.ts";
import { BidsDataset } from "../src/data/datasets/index.ts";
import { SaliencyInferer } from "../src/infer/index.ts";
import { Trainer } from "../src/train/index.ts";
import { serve } from "../src/view/server/index.ts";
import { findChromium } from "../test/page/chromium.ts";
import { compilePage } from "../test/page/compile.ts";

const pictures = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "pictures");
const work = mkdtempSync(join(tmpdir(), "page-pictures-"));

/** What a person would do, up to each picture. */
async function takePictures(url) {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1180, height: 760 }, colorScheme: "light" });
    await page.goto(url);
    await page.waitForSelector("main[data-shown=curves] canvas");
    await page.screenshot({ path: join(pictures, "page-curves.png") });
    await page.click("#tab-folds");
    await page.waitForSelector("main[data-shown=folds] .figure svg");
    await page.screenshot({ path: join(pictures, "page-folds.png") });
    await page.click("#tab-participants");
    await page.getByRole("button", { name: "sub-001" }).click();
    await page.waitForSelector("dialog canvas[data-ready]");
    await page.getByLabel("Smoothed").selectOption("2");
    await page.getByRole("slider").fill("4");
    // to the hippocampus, in which the simulated patients differ
    const stage = await page.locator("dialog canvas").boundingBox();
    if (stage === null) throw new Error("The viewer is not shown.");
    await page.mouse.click(stage.x + 205, stage.y + 260);
    await page.mouse.click(stage.x + 440, stage.y + 270);
    await page.mouse.move(0, 0);
    // until it is drawn
    await page.waitForTimeout(3000);
    const clip = await page.locator("dialog").boundingBox();
    if (clip === null) throw new Error("The viewer is not shown.");
    await page.screenshot({ clip, path: join(pictures, "page-saliency.png") });
  } finally {
    await browser.close();
  }
}

/** Maps of what the first network looks at, of a few participants. */
async function explain(maps) {
  const dataset = new BidsDataset({
    bids: join(work, "bids"),
    fileType: { suffix: "T1w", dataType: "anat" },
    data: join(work, "bids", "metadata.tsv"),
    columns: ["label"],
    transforms: { imageTransforms: [{ name_: "ZNormalization" }] },
  });
  const dataloader = new DataLoader(dataset.subset(dataset.df.slice(0, 4)), { batchSize: 1 });
  const trainer = await Trainer.fromMaps(maps);
  const inferer = new SaliencyInferer({ method: "integrated_gradients", nSteps: 20 });
  const modelCheckpoint = "split-0_final";
  await trainer.predict({ modelCheckpoint, groupName: "shown", dataloader, inferer, include: ["label"] });
}

try {
  const options = { participants: 32, folds: 4, epochs: 20, seed: 42, workers: 2, permuteLabels: false };
  const { maps } = await runDemo({ output: work, ...options }, console.log);
  mkdirSync(pictures, { recursive: true });
  await explain(maps);
  const page = join(work, "page");
  compilePage(page);
  await using served = await serve({ maps: [maps], page });
  await takePictures(served.url);
} finally {
  rmSync(work, { recursive: true, force: true });
}
