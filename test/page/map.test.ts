/** Maps that were predicted, on the image of a participant in a real browser. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Maps } from "../../src/io/maps/index.ts";
import { readNifti, writeNifti } from "../../src/io/nifti/index.ts";
import { makeMaps } from "../../src/view/fixtures/maps.ts";
import { type Served, serve } from "../../src/view/server/index.ts";
import { compilePage } from "./compile.ts";
import { cold, warm } from "./pixels.ts";
import { launch, open, soon, visit } from "./visit.ts";

let folder = "";
let served: Served;
let browser: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "page-map-"));
  const { maps, bids } = await makeMaps(folder);
  // of the image of sub-002 a map: more in one half, less in the other, and little everywhere
  const image = readNifti(join(bids, "sub-002", "ses-M000", "anat", "sub-002_ses-M000_T1w.nii.gz"));
  const data = Float32Array.from(image.data, (_, i) => (i < image.data.length / 2 ? 1 : -1) * (0.1 + (i % 100) / 100));
  const { images } = new Maps(maps).prediction.group("held").results(1, "final");
  mkdirSync(images, { recursive: true });
  writeNifti(join(images, "sub-002_ses-M000_desc-saliency_T1w.nii.gz"), {
    shape: image.shape,
    affine: image.affine,
    data,
  });
  compilePage(join(folder, "page"));
  served = await serve({ maps: [maps], page: join(folder, "page") });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await served?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

it("shows the strongest part of a map in two colours, as much of it as is asked for", async () => {
  await visit(browser, served.url, async (page) => {
    await open(page, "participants");
    await page.getByRole("button", { name: "sub-002" }).click();
    const canvas = page.locator("dialog canvas[data-ready]");
    await canvas.waitFor();
    const map = page.getByRole("group", { name: "saliency" });
    const orange = async () => await warm(page, await canvas.screenshot());
    const blue = async () => await cold(page, await canvas.screenshot());
    const slider = map.getByRole("slider");
    // all of it, then the strongest tenth of a percent
    await slider.fill("9");
    await map.getByText("strongest 100 %").waitFor();
    await soon(orange).toBeGreaterThan(10_000);
    await soon(blue).toBeGreaterThan(10_000);
    const all = await orange();
    await slider.fill("0");
    await map.getByText("strongest 0.1 %").waitFor();
    await soon(orange).toBeLessThan(all / 3);
    // the values are those of the map until it is smoothed
    await soon(() => map.locator(".scale").textContent()).toBe("-1.091.09");
    await map.getByLabel("Smoothed").selectOption("2");
    const most = async () =>
      Number(/^-([\d.]+)\1$/.exec((await map.locator(".scale").textContent()) ?? "")?.[1] ?? Number.NaN);
    await soon(most).toBeLessThan(1.09);
    expect(await most()).toBeGreaterThan(0);
    await map.getByLabel("Smoothed").selectOption("0");
    await soon(() => map.locator(".scale").textContent()).toBe("-1.091.09");
    await slider.fill("9");
    await soon(orange).toBeGreaterThan(10_000);
    await map.getByLabel("saliency", { exact: true }).uncheck();
    await soon(orange).toBe(0);
  });
});

it("smooths as a Gaussian does: nothing is lost, and a point becomes a bell", async () => {
  await visit(browser, served.url, async (page) => {
    const smoothed = await page.evaluate<number[]>(`import("/page/smooth-map.js").then(({ smoothMap }) => {
      const point = new Float32Array(15 * 15 * 15);
      point[7 + 15 * 7 + 225 * 7] = 1;
      const after = smoothMap(point, [15, 15, 15], 1);
      const at = (x, y, z) => after[x + 15 * y + 225 * z];
      return [after.reduce((sum, value) => sum + value, 0), at(8, 7, 7) / at(7, 7, 7), at(7, 9, 7) / at(7, 7, 7), at(7, 7, 8) / at(7, 7, 7)];
    })`);
    const bell = [1, Math.exp(-1 / 2), Math.exp(-2), Math.exp(-1 / 2)];
    for (const [i, value] of bell.entries()) expect(smoothed[i]).toBeCloseTo(value, 5);
  });
});
