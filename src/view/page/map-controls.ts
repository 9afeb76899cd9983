import type { Niivue } from "/vendor/niivue.js";
import { choice, make, shown } from "./dom.ts";
import { COLOURS, type ColourName, colourMap, gradient, LESS } from "./map-colours.ts";
import { MapValues } from "./map-range.ts";
import { smoothMap } from "./smooth-map.ts";

const NAMES: readonly (readonly [ColourName, string])[] = [
  ["orange", "orange and blue"],
  ["inferno", "inferno"],
  ["viridis", "viridis"],
];
/** How much of a map is shown, from little to all: half a percent is a talk's, all of it shows the noise. */
const SHARES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];
const USUAL = 5;
/** Standard deviations, in voxels. */
const SMOOTHINGS = [
  ["0", "no"],
  ["1", "by 1 voxel"],
  ["2", "by 2 voxels"],
  ["3", "by 3 voxels"],
] as const;
const OPACITY = 0.85;

/**
 * What a map looks like: how much of it is shown, in which colours, and what these mean.
 * @param layer its place in the viewer.
 * @returns null for labels, which are shown as they are.
 */
export function mapControls(viewer: Niivue, layer: number, name: string): HTMLElement | null {
  const volume = viewer.volumes[layer];
  if (volume?.img === undefined) return null;
  const { scl_slope: slope, scl_inter: intercept } = volume.hdr ?? { scl_slope: 1, scl_inter: 0 };
  const { img } = volume;
  let values = new MapValues(img, { slope, intercept });
  if (!values.isMap) return null;
  for (const [key, colours] of Object.entries(COLOURS)) viewer.addColormap(`map-${key}`, colourMap(colours));
  viewer.addColormap("map-less", colourMap(LESS));
  let colours: ColourName = "orange";
  const strip = make("span", { class: "strip", "aria-hidden": "true" });
  const [from, to] = [make("span"), make("span")];
  const slider = make("input", { type: "range", min: 0, max: SHARES.length - 1, step: 1, value: USUAL });
  const told = make("output", {});
  const box = make("input", { type: "checkbox", checked: true, onchange: () => show() });
  const show = (): void => {
    const share = SHARES[Number(slider.value)] ?? 1;
    const { least, most } = values.range(share);
    // before its range, which it sets as well
    volume.colormap = `map-${colours}`;
    volume.colormapNegative = values.hasNegative ? "map-less" : "";
    volume.cal_min = least;
    volume.cal_max = most;
    viewer.setOpacity(layer, box.checked ? OPACITY : 0);
    viewer.updateGLVolume();
    told.textContent = `strongest ${shown(share * 100)} %`;
    const more = COLOURS[colours];
    strip.style.background = values.hasNegative
      ? `${gradient(LESS.toReversed())} left / 50% 100% no-repeat, ${gradient(more)} right / 50% 100% no-repeat`
      : gradient(more);
    from.textContent = shown(values.hasNegative ? -most : least);
    to.textContent = shown(most);
  };
  slider.addEventListener("input", show);
  slider.setAttribute("aria-label", `How much of ${name} is shown`);
  const chosen = choice("Colours", NAMES, colours, (value) => {
    colours = NAMES.find(([one]) => one === value)?.[0] ?? colours;
    show();
  });
  const raw = img instanceof Float32Array ? img.slice() : null;
  const shape = volume.hdr?.dims.slice(1, 4) ?? [];
  const smoothed = choice("Smoothed", SMOOTHINGS, "0", (sigma) => {
    if (raw === null) return;
    img.set(smoothMap(raw, shape, Number(sigma)));
    values = new MapValues(img, { slope, intercept });
    show();
  });
  smoothed.hidden = raw === null;
  show();
  return make(
    "div",
    { class: "controls map", role: "group", "aria-label": name },
    make("label", {}, box, name),
    make("label", {}, slider, told),
    chosen,
    smoothed,
    make("span", { class: "scale" }, from, strip, to),
  );
}
