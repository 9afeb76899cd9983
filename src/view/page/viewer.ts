import { addressOf, ask, type Query } from "./ask.ts";
import { make } from "./dom.ts";

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
  const close = make("button", { type: "button", onclick: () => dialog.close() }, "Close");
  const dialog = make("dialog", { "aria-label": title }, make("h2", {}, title), controls, stage, note);
  dialog.addEventListener("close", () => dialog.remove());
  controls.append(close);
  document.body.append(dialog);
  dialog.showModal();
  try {
    const layers = await ask("layers", query);
    if (!layers.found) {
      stage.remove();
      note.textContent = layers.reason;
      return;
    }
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
      layers.value.map(({ file, kind }, layer) => ({
        url: addressOf("image", { ...query, layer }),
        name: file,
        colormap: kind === "image" ? "gray" : (OVERLAYS[(layer - 1) % OVERLAYS.length] ?? "warm"),
        opacity: kind === "image" ? 1 : 0.5,
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
    const overlays = layers.value.slice(1).map(({ name }, i) => {
      const box = make("input", {
        type: "checkbox",
        checked: true,
        onchange: () => viewer.setOpacity(i + 1, box.checked ? 0.5 : 0),
      });
      return make("label", {}, box, name);
    });
    controls.prepend(
      make("div", { class: "chips", role: "group", "aria-label": "Direction" }, ...buttons),
      ...overlays,
    );
    note.textContent = layers.value.map(({ file }) => file).join(" · ");
    canvas.dataset.ready = "true";
  } catch (error) {
    note.className = "bad";
    note.textContent = error instanceof Error ? error.message : String(error);
  }
}
