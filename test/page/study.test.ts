/** The page of a study of a sweep in a real browser, by what a person does. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Study } from "../../src/sweep/index.ts";
import { makeStudy, SWEEP } from "../../src/view/fixtures/study.ts";
import { type Served, serve } from "../../src/view/server/index.ts";
import { compilePage } from "./compile.ts";
import { firstColumn, launch, soon, visit } from "./visit.ts";

let folder = "";
let study = "";
let served: Served;
let browser: Browser;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "page-study-")));
  study = join(folder, "study");
  makeStudy(study);
  compilePage(join(folder, "page"));
  served = await serve({ maps: [study], page: join(folder, "page") });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await served?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

it("sorts trials, keeps their order while the study grows, and opens one of them", async () => {
  await visit(browser, served.url, async (page) => {
    await soon(() => page.getByRole("tab").allTextContents()).toEqual(["Study"]);
    await page.getByText("1 running · 2 complete · 1 pruned · 1 failed · best (greatest auc): trial 2, 0.75").waitFor();
    await soon(() => firstColumn(page)).toEqual([0, 1, 2, 3, 4].map((number) => `trial ${number}`));
    await soon(() => page.getByRole("columnheader").allTextContents()).toEqual([
      ...["Trial ↑", "auc", "State", "Epochs", "model.optimizer.lr", "network.norm"],
    ]);
    await page.getByRole("columnheader", { name: "auc" }).getByRole("button").click();
    // the greatest first, and those without a value last
    await soon(() => firstColumn(page)).toEqual([2, 0, 3, 1, 4].map((number) => `trial ${number}`));
    await soon(() => page.locator(".figure svg > title").allTextContents()).toEqual([
      ...["auc of 5 trials", "model.optimizer.lr", "network.norm"],
    ]);
    {
      using running = new Study(study, SWEEP);
      using claimed = running.claim();
      if (claimed === null) throw new Error("trial 4 is left");
      running.finish(claimed.trial, 0.875);
    }
    await page.getByText("3 complete · 1 pruned · 1 failed · best (greatest auc): trial 4, 0.875").waitFor();
    await soon(() => firstColumn(page)).toEqual([4, 2, 0, 3, 1].map((number) => `trial ${number}`));
    await page.getByRole("link", { name: "trial 2" }).click();
    const card = page.getByRole("region", { name: "Training: loss, by batch" });
    await card.locator(".readout", { hasText: "split 0 0.25" }).waitFor();
    await soon(() => page.getByRole("heading", { level: 1 }).textContent()).toBe("study / trial 2");
    await page.reload();
    await card.locator(".readout", { hasText: "split 0 0.25" }).waitFor();
    await page.getByRole("link", { name: "study" }).click();
    await page.waitForSelector('main[data-shown="study"]');
    await soon(() => firstColumn(page)).toHaveLength(5);
  });
});

it("fits a telephone and a wall", async () => {
  for (const width of [360, 2560]) {
    await visit(
      browser,
      served.url,
      async (page) => {
        await page.waitForSelector(".figure svg");
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      },
      { viewport: { width, height: 800 } },
    );
  }
});
