/** The live page in a real browser. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { findChromium } from "./chromium.ts";

export async function launch(): Promise<Browser> {
  return await chromium.launch({
    executablePath: findChromium(),
    // WebGL without a graphics card; as root there is no sandbox
    args: ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  });
}

/** Opens a page, and holds it to saying no error and asking nothing of another host. */
export async function visit(
  browser: Browser,
  url: string,
  look: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const wrong: string[] = [];
  // a busy machine is slow, which is no fault of the page
  context.setDefaultTimeout(300_000);
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
  await look(page);
  await context.close();
  expect(wrong).toEqual([]);
}

/** Goes to a view of the page. */
export async function open(page: Page, view: string): Promise<void> {
  await page.click(`#tab-${view}`);
  await page.waitForSelector(`main[data-shown="${view}"]`);
}

/** Holds what is read from a page to an expectation until it is so: a page is drawn some time after a click. */
export const soon = <Value>(read: () => Promise<Value>) => expect.poll(read, { timeout: 300_000 });

export async function firstColumn(page: Page): Promise<string[]> {
  return await page.locator("tbody td:first-child").allTextContents();
}
