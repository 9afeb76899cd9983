import { createRequire } from "node:module";
import { ClinicaDLException } from "../../utils/exceptions.ts";

/**
 * A figure as PNG, for a program that takes no SVG. Its letters are those of DejaVu Sans, which comes with the package: the same on every machine.
 * @param zoom pixels to a unit of the figure; default 2.
 * @throws ClinicaDLException where the library that draws has no program for this system.
 */
export async function svgToPng(svg: string, zoom = 2): Promise<Uint8Array> {
  const { Resvg } = await loadRenderer();
  const { resolve } = createRequire(import.meta.url);
  const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`));
  const family = "DejaVu Sans";
  return new Resvg(svg, {
    fitTo: { mode: "zoom", value: zoom },
    font: { loadSystemFonts: false, fontFiles, defaultFontFamily: family, sansSerifFamily: family },
  })
    .render()
    .asPng();
}

async function loadRenderer(): Promise<typeof import("@resvg/resvg-js")> {
  try {
    return await import("@resvg/resvg-js");
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new ClinicaDLException(`No PNG can be drawn on this system: ${why} Ask for SVG, which needs nothing.`, {
      cause: error,
    });
  }
}
