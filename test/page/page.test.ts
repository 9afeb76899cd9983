/** The live page in a real browser, by what a person does. */
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Maps } from "../../src/io/maps/index.ts";
import { makeMaps } from "../../src/view/fixtures/maps.ts";
import { type Served, serve } from "../../src/view/server/index.ts";
import { compilePage } from "./compile.ts";
import { colouredColumns, greys, warm } from "./pixels.ts";
import { firstColumn, launch, open, soon, visit } from "./visit.ts";

let folder = "";
let maps = "";
let served: Served;
let browser: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "page-"));
  ({ maps } = await makeMaps(folder));
  compilePage(join(folder, "page"));
  cpSync(maps, join(folder, "other"), { recursive: true });
  served = await serve({ maps: [maps], page: join(folder, "page") });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await served?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const opened = async (
  look: (page: Page) => Promise<void>,
  { url = served.url, ...options }: BrowserContextOptions & { url?: string } = {},
): Promise<void> => await visit(browser, url, look, options);

it("shows curves that grow while a training writes, and hides those of a split", async () => {
  await opened(async (page) => {
    // the token does not stay in the address
    expect(page.url()).not.toContain("token");
    const card = page.getByRole("region", { name: "Training: loss, by batch" });
    await card.waitFor();
    await soon(() => card.getAttribute("data-points")).toBe("12");
    await soon(() => card.locator(".readout").textContent()).toMatch(/^split 0 [\d.]+ · split 1 [\d.]+$/);
    const line = JSON.stringify({
      ...{ n: 9000, time: 0, kind: "batch", epoch: 4, batch: 1 },
      ...{ losses: { loss: 0.0625 }, rates: {}, seconds: 1 },
    });
    appendFileSync(new Maps(maps).training.split(1).eventsJsonl, `${line}\n`);
    await page.waitForSelector('[data-points="13"]');
    await card.locator(".readout", { hasText: "split 1 0.0625" }).waitFor();
    await page.getByRole("button", { name: "split 0" }).click();
    await card.locator(".readout", { hasText: /^split 1 0.0625$/ }).waitFor();
    await page.getByLabel("Logarithmic").check();
    await page.getByRole("slider", { name: "Smoothing" }).fill("0.9");
    await page.waitForSelector('[data-points="13"] canvas');
  });
});

it("shows folds, and those of a test group with their intervals", async () => {
  await opened(async (page) => {
    await open(page, "folds");
    await soon(() => firstColumn(page)).toEqual(["loss", "auc", "accuracy"]);
    await soon(() => page.locator("thead th").allTextContents()).toEqual([
      "Metric",
      "Mean ± sd",
      "n",
      "Split 0",
      "Split 1",
    ]);
    await page.getByLabel("Data").selectOption("held");
    await page.getByText("95 %").waitFor();
    await soon(() => page.locator("td small").count()).toBe(6);
    await open(page, "evaluation");
    await page.locator(".figure svg title").first().waitFor({ state: "attached" });
    await soon(() => page.locator(".figure svg").count()).toBe(5);
  });
});

it("sorts participants, the worst first, and shows the image of one", async () => {
  await opened(async (page) => {
    await open(page, "participants");
    const errors = async () => (await page.locator("tbody tr td:nth-child(5)").allTextContents()).map(Number);
    await soon(errors).toHaveLength(4);
    const before = await errors();
    expect(before).toEqual([...before].sort((a, b) => b - a));
    await page.getByRole("columnheader", { name: "Participant" }).getByRole("button").click();
    await soon(() => firstColumn(page)).toEqual(["sub-003", "sub-002", "sub-001", "sub-000"]);
    await page.getByRole("columnheader", { name: "Participant" }).getByRole("button").click();
    await soon(() => firstColumn(page)).toEqual(["sub-000", "sub-001", "sub-002", "sub-003"]);
    await page.getByRole("button", { name: "sub-002" }).click();
    const canvas = page.locator("dialog canvas[data-ready]");
    await canvas.waitFor();
    await soon(() => page.getByRole("dialog").textContent()).toContain("sub-002_ses-M000_T1w.nii.gz");
    for (const direction of ["Axial", "3D"]) {
      await page.getByRole("button", { name: direction }).click();
      // noise in many greys; a canvas without an image has two
      await soon(async () => await greys(page, await canvas.screenshot())).toBeGreaterThan(50);
    }
    await page.keyboard.press("Escape");
    await soon(() => page.locator("dialog").count()).toBe(0);
  });
});

it("lays masks on the image of a participant, and takes them away", async () => {
  const { datasetJson } = new Maps(maps).prediction.group("held");
  const kept = readFileSync(datasetJson, "utf8");
  const mask = join(folder, "bids", "sub-001", "ses-M000", "anat", "sub-001_ses-M000_T1w.nii.gz");
  writeFileSync(datasetJson, JSON.stringify({ ...JSON.parse(kept), masks: { brain: mask } }));
  await opened(async (page) => {
    await open(page, "participants");
    await page.getByRole("button", { name: "sub-002" }).click();
    const canvas = page.locator("dialog canvas[data-ready]");
    await canvas.waitFor();
    const coloured = async () => await warm(page, await canvas.screenshot());
    const box = page.getByLabel("brain");
    await soon(() => box.isChecked()).toBe(true);
    // what is warm has more red than blue, which nothing else in the viewer has
    await soon(coloured).toBeGreaterThan(1000);
    await box.uncheck();
    await soon(coloured).toBe(0);
  });
  writeFileSync(datasetJson, kept);
});

it("is used with the keyboard", async () => {
  await opened(async (page) => {
    await page.focus("#tab-curves");
    await page.keyboard.press("ArrowRight");
    await page.waitForSelector('main[data-shown="folds"]');
    await page.keyboard.press("End");
    await page.waitForSelector('main[data-shown="messages"]');
    await soon(() => page.evaluate("document.activeElement.id")).toBe("tab-messages");
    await soon(() => page.evaluate("document.activeElement.getAttribute('aria-selected')")).toBe("true");
    await page.goBack();
    await page.waitForSelector('main[data-shown="folds"]');
    // reloading needs no token in the address
    await page.reload();
    await page.waitForSelector('main[data-shown="folds"]');
  });
});

it("is light and dark as the system is, or as was chosen", async () => {
  const ground = (page: Page) => page.evaluate("getComputedStyle(document.body).backgroundColor");
  await opened(
    async (page) => {
      await soon(() => ground(page)).toBe("rgb(20, 23, 26)");
      await page.getByRole("button", { name: "Colours" }).click();
      await soon(() => ground(page)).toBe("rgb(255, 255, 255)");
    },
    { colorScheme: "dark" },
  );
});

it("fits a telephone and a wall in all of its views", async () => {
  for (const width of [360, 2560]) {
    await opened(
      async (page) => {
        for (const view of ["curves", "folds", "evaluation", "participants", "setup", "messages"]) {
          await open(page, view);
          expect(await page.evaluate("document.documentElement.scrollWidth"), view).toBeLessThanOrEqual(width);
        }
      },
      { viewport: { width, height: 800 } },
    );
  }
});

it("compares experiments", async () => {
  await using both = await serve({ maps: [maps, join(folder, "other")], page: join(folder, "page") });
  await opened(
    async (page) => {
      await soon(() => page.locator(".chip").allTextContents()).toEqual(["maps 0", "maps 1", "other 0", "other 1"]);
      await open(page, "comparison");
      await soon(() => firstColumn(page)).toEqual(["loss", "auc", "accuracy"]);
      await page.getByText("None differs.").waitFor();
      await page.getByLabel("Experiment").selectOption("1");
      await open(page, "setup");
      await page.locator("summary", { hasText: "Optimization" }).click();
      await page.getByText('"num_epochs": 3').waitFor();
    },
    { url: both.url },
  );
});

it("shows of long curves every peak, and all of their points to who zooms in", async () => {
  const long = join(folder, "long");
  const split = new Maps(long).training.split(0);
  mkdirSync(dirname(split.trainingLossTsv), { recursive: true });
  writeFileSync(new Maps(long).summaryLog, "");
  const rows = Array.from({ length: 100_000 }, (_, i) => {
    const value = i === 70_001 ? 9 : (i % 1000) / 1000;
    return `${1 + Math.floor(i / 1000)}\t${1 + (i % 1000)}\t${value}`;
  });
  writeFileSync(split.trainingLossTsv, `epoch\tbatch\tloss\n${rows.join("\n")}\n`);
  await using one = await serve({ maps: [long], page: join(folder, "page") });
  await opened(
    async (page) => {
      const card = page.getByRole("region", { name: "Training: loss, by batch" });
      await page.waitForSelector('[data-points="100000"] canvas');
      const plot = await card.locator(".u-over").boundingBox();
      if (plot === null) throw new Error("there is a plot");
      const { x, y, width, height } = plot;
      const drawn = () => soon(() => card.getAttribute("aria-busy")).toBe("false");
      await drawn();
      /** One batch of many is a line up to the top. */
      const peak = async (): Promise<number> => {
        const clip = { x, y: y + height * 0.2, width, height: height * 0.2 };
        const columns = await colouredColumns(page, await page.screenshot({ clip }));
        expect(columns.length).toBeGreaterThan(0);
        expect(Math.max(...columns) - Math.min(...columns)).toBeLessThan(20);
        return (Math.min(...columns) + Math.max(...columns)) / 2;
      };
      const first = await peak();
      expect(Math.abs(first / width - 0.7)).toBeLessThan(0.02);
      const zoomTo = async (at: number): Promise<void> => {
        await page.mouse.move(x + at - 8, y + height / 2);
        await page.mouse.down();
        await page.mouse.move(x + at + 8, y + height / 2, { steps: 3 });
        await page.mouse.up();
        await drawn();
      };
      await zoomTo(first);
      await zoomTo(await peak());
      // there are fewer points than pixels now: the cursor finds each of them
      const told = async (): Promise<number[]> => {
        await page.mouse.move(x + 2, y + height / 2);
        await page.evaluate(`{
          const readout = document.querySelector('[aria-label="Training: loss, by batch"] .readout');
          globalThis.told = new Set();
          new MutationObserver(() => told.add(readout.textContent)).observe(readout, { childList: true });
        }`);
        await page.mouse.move(x + width - 2, y + height / 2, { steps: Math.round(width) });
        const texts = await page.evaluate<string[]>("[...told]");
        return texts.map((text) => Number(text.split(" ").at(-1)));
      };
      await soon(told).toEqual(expect.arrayContaining([0.995, 0.996, 0.997, 0.998, 0.999, 0, 9, 0.002, 0.003, 0.004]));
    },
    { url: one.url },
  );
});
