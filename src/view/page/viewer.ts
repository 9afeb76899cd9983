import type { Layer } from "../server/layers.ts";
import { addressOf, ask, type Query } from "./ask.ts";
import { make } from "./dom.ts";
import { mapControls } from "./map-controls.ts";

/** The directions of NiiVue, in its numbers. */
const DIRECTIONS = [
  ["All", 3],
  ["Axial", 0],
  ["Coronal", 1],
  ["Sagittal", 2],
  ["3D", 4],
] as const;
const OVERLAYS = ["warm", "winter", "green2orange", "violet"];

/** Shows the image of a session, with masks and what was predicted on it. Escape closes it. */
export async function openViewer(
  evaluation: Query,
  session: { readonly participant: string; readonly session: string },
): Promise<void> {
  const query = { ...evaluation, ...session };
  const title = `${session.participant} ${session.session}`;
  const stage = make("div", { class: "stage" });
  const controls = make("div", { class: "controls" });
  const note = make("p", { class: "quiet", role: "status" }, "Reading the image …");
  const close = make("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close");
  const dialog = make("dialog", { "aria-label": title }, make("h2", {}, title), controls, stage, note);
  dialog.addEventListener("close", () => dialog.remove());
  controls.append(close);
  document.body.append(dialog);
  dialog.showModal();
  try {
    const found = await ask("layers", query);
    if (!found.found) {
      stage.remove();
      note.textContent = found.reason;
      return;
    }
    const { layers, missing } = found.value;
    // what was predicted is not hidden by what it should be
    const isPredicted = layers.some(({ kind }) => kind === "prediction");
    const opacityOf = ({ kind }: Layer): number => (kind === "image" ? 1 : kind === "mask" && isPredicted ? 0 : 0.5);
    // three megabytes, which only this needs
    const { Niivue } = await import("/vendor/niivue.js");
    const canvas = make("canvas", { "aria-label": `Image of ${title}`, tabindex: 0 });
    stage.append(canvas);
    const viewer = new Niivue({
      backColor: [0, 0, 0, 1],
      crosshairColor: [0.34, 0.71, 0.91, 1],
      crosshairWidth: 0.3,
      dragAndDropEnabled: false,
      isColorbar: false,
      loadingText: "",
      logLevel: "error",
    });
    dialog.addEventListener("close", () => viewer.gl?.getExtension("WEBGL_lose_context")?.loseContext());
    await viewer.attachToCanvas(canvas);
    await viewer.loadVolumes(
      layers.map((one, layer) => ({
        url: addressOf("image", { ...query, layer }),
        name: one.file,
        colormap: one.kind === "image" ? "gray" : (OVERLAYS[(layer - 1) % OVERLAYS.length] ?? "warm"),
        opacity: opacityOf(one),
      })),
    );
    const buttons = DIRECTIONS.map(([name, type], i) => {
      const button = make("button", { type: "button", "aria-pressed": String(i === 0) }, name);
      button.addEventListener("click", () => {
        viewer.setSliceType(type);
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      });
      return button;
    });
    viewer.setSliceType(DIRECTIONS[0][1]);
    const overlays = layers.slice(1).map((one, i) => {
      const map = one.kind === "prediction" ? mapControls(viewer, i + 1, one.name) : null;
      if (map !== null) return map;
      const box = make("input", {
        type: "checkbox",
        checked: opacityOf(one) > 0,
        onchange: () => viewer.setOpacity(i + 1, box.checked ? 0.5 : 0),
      });
      return make("label", {}, box, one.name);
    });
    controls.prepend(
      make("div", { class: "chips", role: "group", "aria-label": "Direction" }, ...buttons),
      ...overlays,
    );
    note.textContent = [...layers.map(({ file }) => file), ...missing].join(" · ");
    canvas.dataset.ready = "true";
  } catch (error) {
    note.className = "bad";
    note.textContent = error instanceof Error ? error.message : String(error);
  }
}
