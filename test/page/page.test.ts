/** The live page in a real browser, by what a person does. */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Maps } from "../../src/io/maps/index.ts";
import { makeMaps } from "../../src/view/fixtures/maps.ts";
import { type Served, serve } from "../../src/view/server/index.ts";
import { findChromium } from "./chromium.ts";
import { compilePage } from "./compile.ts";

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
  browser = await chromium.launch({
    executablePath: findChromium(),
    // WebGL without a graphics card; as root there is no sandbox
    args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
});
afterAll(async () => {
  await browser?.close();
  await served?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the page, and holds it to saying no error and asking nothing of another host. */
async function opened(
  visit: (page: Page) => Promise<void>,
  { url = served.url, ...options }: BrowserContextOptions & { url?: string } = {},
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const wrong: string[] = [];
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(message.text());
  });
  page.on("pageerror", ({ message }) => wrong.push(message));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && host !== new URL(url).host) wrong.push(request.url());
  });
  await page.goto(url);
  await page.waitForSelector("main[data-shown]");
  await visit(page);
  await context.close();
  expect(wrong).toEqual([]);
}
const open = async (page: Page, view: string): Promise<void> => {
  await page.click(`#tab-${view}`);
  await page.waitForSelector(`main[data-shown="${view}"]`);
};
const firstColumn = (page: Page): Promise<string[]> => page.locator("tbody td:first-child").allTextContents();

it("shows curves that grow while a training writes, and hides those of a split", async () => {
  await opened(async (page) => {
    // the token does not stay in the address
    expect(page.url()).not.toContain("token");
    const card = page.getByRole("region", { name: "Training: loss, by batch" });
    await card.waitFor();
    expect(await card.getAttribute("data-points")).toBe("12");
    expect(await card.locator(".readout").textContent()).toMatch(/^split 0 [\d.]+ · split 1 [\d.]+$/);
    const line = JSON.stringify({
      ...{ n: 9000, time: 0, kind: "batch", epoch: 4, batch: 1 },
      ...{ losses: { loss: 0.0625 }, rates: {}, seconds: 1 },
    });
    appendFileSync(new Maps(maps).training.split(1).eventsJsonl, `${line}\n`);
    await page.waitForSelector('[data-points="13"]');
    await card.locator(".readout", { hasText: "split 1 0.0625" }).waitFor();
    await page.getByRole("button", { name: "split 0" }).click();
    expect(await card.locator(".readout").textContent()).toBe("split 1 0.0625");
    await page.getByLabel("Logarithmic").check();
    await page.getByRole("slider", { name: "Smoothing" }).fill("0.9");
    await page.waitForSelector('[data-points="13"] canvas');
  });
});

it("shows folds, and those of a test group with their intervals", async () => {
  await opened(async (page) => {
    await open(page, "folds");
    expect(await firstColumn(page)).toEqual(["loss", "auc", "accuracy"]);
    expect(await page.locator("thead th").allTextContents()).toEqual([
      "Metric",
      "Mean ± sd",
      "n",
      "Split 0",
      "Split 1",
    ]);
    await page.getByLabel("Data").selectOption("held");
    await page.getByText("95 %").waitFor();
    expect(await page.locator("td small").count()).toBe(6);
    await open(page, "evaluation");
    await page.locator(".figure svg title").first().waitFor({ state: "attached" });
    expect(await page.locator(".figure svg").count()).toBe(5);
  });
});

it("sorts participants, the worst first, and shows the image of one", async () => {
  await opened(async (page) => {
    await open(page, "participants");
    const errors = async () => (await page.locator("tbody tr td:nth-child(5)").allTextContents()).map(Number);
    const before = await errors();
    expect(before).toHaveLength(4);
    expect(before).toEqual([...before].sort((a, b) => b - a));
    await page.getByRole("columnheader", { name: "Participant" }).getByRole("button").click();
    expect(await firstColumn(page)).toEqual(["sub-003", "sub-002", "sub-001", "sub-000"]);
    await page.getByRole("columnheader", { name: "Participant" }).getByRole("button").click();
    expect(await firstColumn(page)).toEqual(["sub-000", "sub-001", "sub-002", "sub-003"]);
    await page.getByRole("button", { name: "sub-002" }).click();
    const canvas = page.locator("dialog canvas[data-ready]");
    await canvas.waitFor();
    expect(await page.getByRole("dialog").textContent()).toContain("sub-002_ses-M000_T1w.nii.gz");
    for (const direction of ["Axial", "3D"]) {
      await page.getByRole("button", { name: direction }).click();
      // noise in many greys; a canvas without an image has two
      await expect
        .poll(async () => await greys(page, (await canvas.screenshot()).toString("base64")), { timeout: 300_000 })
        .toBeGreaterThan(50);
    }
    await page.keyboard.press("Escape");
    expect(await page.locator("dialog").count()).toBe(0);
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
    const coloured = async () => await warm(page, (await canvas.screenshot()).toString("base64"));
    const box = page.getByLabel("brain");
    expect(await box.isChecked()).toBe(true);
    // what is warm has more red than blue, which nothing else in the viewer has
    await expect.poll(coloured, { timeout: 300_000 }).toBeGreaterThan(1000);
    await box.uncheck();
    await expect.poll(coloured, { timeout: 300_000 }).toBe(0);
  });
  writeFileSync(datasetJson, kept);
});

/** How many values of red a picture has. */
function greys(page: Page, png: string): Promise<number> {
  return page.evaluate(
    `${PIXELS}(${JSON.stringify(png)}).then((data) => new Set(data.filter((_, i) => i % 4 === 0)).size)`,
  );
}

/** How many pixels of a picture have more red than blue. */
function warm(page: Page, png: string): Promise<number> {
  return page.evaluate(
    `${PIXELS}(${JSON.stringify(png)}).then((data) => data.filter((red, i) => i % 4 === 0 && red > data[i + 2] + 20).length)`,
  );
}

/** The bytes of the pixels of a picture, which the browser decodes. */
const PIXELS = `(async (png) => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data;
})`;

it("is used with the keyboard", async () => {
  await opened(async (page) => {
    await page.focus("#tab-curves");
    await page.keyboard.press("ArrowRight");
    await page.waitForSelector('main[data-shown="folds"]');
    await page.keyboard.press("End");
    await page.waitForSelector('main[data-shown="messages"]');
    expect(await page.evaluate("document.activeElement.id")).toBe("tab-messages");
    expect(await page.evaluate("document.activeElement.getAttribute('aria-selected')")).toBe("true");
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
      expect(await ground(page)).toBe("rgb(20, 23, 26)");
      await page.getByRole("button", { name: "Colours" }).click();
      expect(await ground(page)).toBe("rgb(255, 255, 255)");
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
      expect(await page.locator(".chip").allTextContents()).toEqual(["maps 0", "maps 1", "other 0", "other 1"]);
      await open(page, "comparison");
      expect(await firstColumn(page)).toEqual(["loss", "auc", "accuracy"]);
      await page.getByText("None differs.").waitFor();
      await page.getByLabel("Experiment").selectOption("1");
      await open(page, "setup");
      await page.locator("summary", { hasText: "Optimization" }).click();
      await page.getByText('"num_epochs": 3').waitFor();
    },
    { url: both.url },
  );
});

it("draws long curves with fewer points, and loses no peak", async () => {
  await opened(async (page) => {
    const thinned = await page.evaluate(`import("/page/thin.js").then(({ thin }) => {
      const x = Array.from({ length: 100000 }, (_, i) => i);
      const y = x.map((i) => (i === 70001 ? 9 : i === 70003 ? -9 : i % 2));
      const { x: few, y: values } = thin({ x, y }, null, 1000);
      const zoomed = thin({ x, y }, [70000, 70010], 1000);
      const ascending = few.every((at, i) => i === 0 || at > few[i - 1]);
      return [few.length, Math.max(...values), Math.min(...values), ascending, zoomed.x[0], zoomed.x.at(-1)];
    })`);
    expect(thinned).toEqual([2000, 9, -9, true, 69_999, 70_011]);
  });
});
