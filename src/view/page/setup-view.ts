import type { Part, PhaseResources } from "../read/index.ts";
import { ask } from "./ask.ts";
import { make, shown } from "./dom.ts";
import { plainTable } from "./table.ts";
import { nothing, type Page, type View } from "./view.ts";

/** What a training ran on, where its time went, and its configuration. */
export class SetupView implements View {
  readonly id = "setup";
  readonly title = "What it ran on";

  async show(place: HTMLElement, page: Page): Promise<void> {
    const { configuration, environment, resources } = await ask("setup", { maps: page.chosen });
    place.append(make("h2", {}, "Time and memory"));
    for (const { split, phases, notes } of resources) {
      place.append(make("h3", {}, `Split ${split}`), ...notes.map((note) => make("p", {}, note)));
      place.append(phases.found ? phaseTable(phases.value) : nothing(phases.reason));
    }
    place.append(make("h2", {}, "Environment"));
    if (environment.found) {
      const { facts, packages } = environment.value;
      place.append(
        plainTable([["", ""], ...facts.map(([name, value]) => [name.replaceAll("_", " "), value])], "texts"),
      );
      place.append(folded("Packages", packages.join("\n")));
    } else place.append(nothing(environment.reason));
    place.append(make("h2", {}, "Configuration"));
    const json = (title: string, part: Part<unknown>) =>
      part.found
        ? folded(title, typeof part.value === "string" ? part.value : JSON.stringify(part.value, null, 2))
        : null;
    const parts = [
      json("Experiment file", configuration.experiment),
      json("Model", configuration.model),
      json("Network", configuration.architecture),
      json("Layers", configuration.networkSummary),
      json("Optimization", configuration.optimization),
      json("Metrics", configuration.metrics),
      json("Callbacks", configuration.callbacks),
      ...configuration.computational.map(({ split, value }) => json(`Computation of split ${split}`, value)),
    ];
    place.append(...parts.filter((part) => part !== null));
  }
}

function phaseTable(phases: readonly PhaseResources[]): HTMLElement {
  const hasGpu = phases.some(({ gpuTime, gpuMemory }) => gpuTime.n > 0 || gpuMemory.n > 0);
  const gpu = (...cells: string[]): string[] => (hasGpu ? cells : []);
  return plainTable([
    ["Phase", "Mean (s)", "sd (s)", "n", ...gpu("GPU (s)", "GPU memory (MB)")],
    ...phases.map(({ phase, time, gpuTime, gpuMemory }) => [
      phase,
      shown(time.mean),
      shown(time.sd),
      String(time.n),
      ...gpu(shown(gpuTime.mean), shown(gpuMemory.mean)),
    ]),
  ]);
}

function folded(title: string, text: string): HTMLElement {
  return make("details", {}, make("summary", {}, title), make("pre", { tabindex: 0 }, text));
}
