/** The file that `clinicadl report` writes, in a real browser: its tables are sorted by their heads. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeMaps } from "../../src/view/fixtures/maps.ts";
import { makeReport } from "../../src/view/report/index.ts";
import { launch, soon } from "./visit.ts";

let folder = "";
let file = "";
let browser: Browser;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "page-report-"));
  const { maps } = await makeMaps(folder);
  file = join(folder, "report.html");
  writeFileSync(file, makeReport([maps]).html);
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the file, and holds it to saying no error and asking for nothing else. */
async function opened(look: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext();
  context.setDefaultTimeout(300_000);
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") wrong.push(message.text());
  });
  page.on("pageerror", ({ message }) => wrong.push(message));
  page.on("request", (request) => {
    if (request.url() !== pathToFileURL(file).href) wrong.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  await look(page);
  await context.close();
  expect(wrong).toEqual([]);
}

/** The table of the worst cases of the group that was tested. */
const worst = (page: Page): Locator =>
  page.locator("section", { has: page.getByRole("heading", { name: "Worst cases of the group held" }) }).last();

/** What a column of the table shows, from above. */
async function column(table: Locator, name: string): Promise<string[]> {
  const heads = await table.getByRole("columnheader").allTextContents();
  return await table.locator(`tbody td:nth-child(${heads.indexOf(name) + 1})`).allTextContents();
}

it("sorts a table of numbers by a click, and the other way by a second one", async () => {
  await opened(async (page) => {
    const table = worst(page);
    const errors = async () => (await column(table, "error")).map(Number);
    const before = await errors();
    expect(before).toHaveLength(8);
    expect(before).toEqual([...before].sort((a, b) => b - a));
    const head = table.getByRole("columnheader", { name: "error" });
    await head.getByRole("button").click();
    await soon(errors).toEqual([...before].sort((a, b) => a - b));
    await soon(() => head.getAttribute("aria-sort")).toBe("ascending");
    await head.getByRole("button").click();
    await soon(errors).toEqual(before);
    await soon(() => head.getAttribute("aria-sort")).toBe("descending");
  });
});

it("sorts a table of texts with the keyboard, and moves whole rows", async () => {
  await opened(async (page) => {
    const table = worst(page);
    const rows = async () => await table.locator("tbody tr").allTextContents();
    const before = await rows();
    const participants = table.getByRole("columnheader", { name: "participant_id" });
    await participants.getByRole("button").focus();
    await page.keyboard.press("Enter");
    await soon(() => column(table, "participant_id")).toEqual(
      [0, 0, 1, 1, 2, 2, 3, 3].map((number) => `sub-00${number}`),
    );
    expect((await rows()).toSorted()).toEqual(before.toSorted());
    // other tables stay as they were, and only one head tells how a table is sorted
    await table.getByRole("columnheader", { name: "error" }).getByRole("button").click();
    await soon(() => participants.getAttribute("aria-sort")).toBeNull();
    await soon(() => page.locator("th[aria-sort]").count()).toBe(1);
  });
});
