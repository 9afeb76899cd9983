/** `npx clinicadl sync`: what trackers lack of trainings that are over. */
import type { Command } from "commander";
import type { TrackerCallback } from "../callbacks/index.ts";
import type { Maps } from "../io/maps/index.ts";
import { ClinicaDLException } from "../utils/exceptions.ts";
import { answer } from "../utils/output.ts";
import { splitList } from "./numbers.ts";

interface Flags {
  readonly mlflow?: string;
  readonly experiment?: string;
  readonly trackio?: string;
  readonly splits?: readonly number[];
  readonly json: boolean;
}

export function registerSync(program: Command): void {
  program
    .command("sync")
    .description("Tell trackers what they lack of trainings that are over, such as a server that was down then.")
    .argument("<maps>", "the directory of the MAPS")
    .option("--mlflow <url>", "an MLflow server (default: the trackers that the training told)")
    .option("--experiment <name>", "of --mlflow, which has the runs (default: as recorded, else clinicadl)")
    .option("--trackio <project>", "a project of Trackio on this machine")
    .option("--splits <list>", "which splits, as 0,2 (default: all)", splitList)
    .option("--json", "print what was sent as JSON", false)
    .addHelpText(
      "after",
      "\nWhat a tracker has is not sent again.\nPasswords come from the variables of MLflow's clients.",
    )
    .action(async (path: string, flags: Flags) => {
      const { syncTraining } = await import("../callbacks/index.ts");
      const { Maps } = await import("../io/maps/index.ts");
      const maps = new Maps(path);
      maps.read();
      const told = [];
      for (const callback of await trackersOf(maps, flags)) {
        for (const split of flags.splits ?? maps.training.splitsList) {
          told.push({ tracker: callback.title, ...(await syncTraining(callback, maps, split)) });
        }
      }
      if (flags.json) answer(JSON.stringify(told));
      else answer(told.map(({ tracker, split, sent }) => `${tracker}  split ${split}  ${sent} values sent`).join("\n"));
    });
}

/** Those that are asked for, else those that the training told; with the options that it told them with. */
async function trackersOf(maps: Maps, { mlflow, experiment, trackio }: Flags): Promise<TrackerCallback[]> {
  const { MLflowCallback, TrackioCallback, TrackerCallback, CallbacksHandler } = await import("../callbacks/index.ts");
  const { readCallbackExtras } = await import("../io/maps/index.ts");
  const { readJson } = await import("../io/json/file.ts");
  const extras = readCallbackExtras(maps.callbacksExtrasJson);
  const recorded = CallbacksHandler.fromDict(readJson(maps.callbacksJson), extras).callbacks.filter(
    (callback) => callback instanceof TrackerCallback,
  );
  const given: TrackerCallback[] = [];
  if (mlflow !== undefined) {
    const before = recorded.find((callback) => callback instanceof MLflowCallback);
    const { experimentName, runName = null, tags = {}, timeout = 20 } = before ?? {};
    const name = experiment ?? experimentName ?? "clinicadl";
    given.push(new MLflowCallback({ trackingUri: mlflow, experimentName: name, runName, tags, timeout }));
  }
  if (trackio !== undefined) {
    const before = recorded.find((callback) => callback instanceof TrackioCallback);
    const { runName = null, dir = null } = before ?? {};
    given.push(new TrackioCallback({ project: trackio, runName, dir }));
  }
  if (given.length > 0) return given;
  if (recorded.length > 0) return recorded;
  throw new ClinicaDLException(`${maps.path} records no tracker. Give --mlflow or --trackio.`);
}
