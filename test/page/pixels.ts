/** What a picture of the page looks like, by its pixels, which the browser decodes. */
import type { Page } from "playwright-core";

/** How many values of red a picture has. */
export async function greys(page: Page, png: Buffer): Promise<number> {
  return await ask(page, png, "new Set(data.filter((_, i) => i % 4 === 0)).size");
}

/** How many pixels of a picture have more red than blue. */
export async function warm(page: Page, png: Buffer): Promise<number> {
  return await ask(page, png, "data.filter((red, i) => i % 4 === 0 && red > data[i + 2] + 20).length");
}

/** How many pixels of a picture have more blue than red. */
export async function cold(page: Page, png: Buffer): Promise<number> {
  return await ask(page, png, "data.filter((red, i) => i % 4 === 0 && red < data[i + 2] - 20).length");
}

/** Those columns of a picture that have colour, and not only greys. */
export async function colouredColumns(page: Page, png: Buffer): Promise<readonly number[]> {
  const column = "i % 4 === 0 && Math.abs(red - data[i + 2]) > 60 ? (i / 4) % width : -1";
  return await ask(page, png, `[...new Set(Array.from(data, (red, i) => ${column}))].filter((x) => x >= 0)`);
}

async function ask<Answer>(page: Page, png: Buffer, what: string): Promise<Answer> {
  return await page.evaluate<Answer>(`(async () => {
    const image = new Image();
    image.src = "data:image/png;base64,${png.toString("base64")}";
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const { data, width } = context.getImageData(0, 0, image.width, image.height);
    return ${what};
  })()`);
}
