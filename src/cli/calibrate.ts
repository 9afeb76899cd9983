/** `npx clinicadl calibrate`: a temperature and a threshold of saved models, fitted on the validation data of their split. */
import type { Command } from "commander";
import type { Calibration } from "../train/index.ts";
import { answer } from "../utils/output.ts";
import { computationalOptions, type MapsFlags, mapsCommand, openTrainer } from "./maps-options.ts";
import { count } from "./numbers.ts";
import { shownNumber } from "./table.ts";

interface Flags extends MapsFlags {
  readonly split: number;
  readonly checkpoint?: string;
  readonly temperature: boolean;
  readonly threshold: boolean;
  readonly json: boolean;
}

export function registerCalibrate(program: Command): void {
  mapsCommand(
    program,
    "calibrate",
    "Fit, on the validation data of a split, the temperature that makes honest probabilities of the logits of its saved models, and the threshold with the greatest sensitivity + specificity. 'test' and 'predict' apply them with --calibrated.",
  )
    .requiredOption("--split <n>", "which split", count(0))
    .option("--checkpoint <name>", "best-<metric>, epoch-<n> or final (default: all of them)")
    .option("--no-temperature", "fit no temperature")
    .option("--no-threshold", "choose no threshold")
    .option("--json", "print it as JSON", false)
    .action(async (path: string, flags: Flags) => {
      const { split: splitIdx, checkpoint, temperature, threshold, json } = flags;
      using trainer = await openTrainer(path, flags);
      const found = await trainer.calibrate({
        splitIdx,
        temperature,
        ...(checkpoint === undefined ? {} : { modelCheckpoint: checkpoint }),
        // by itself it is chosen where an output is decided by one
        ...(threshold ? {} : { threshold }),
        ...computationalOptions(flags),
      });
      if (!trainer.world.isMain) return;
      const lines = Object.entries(found).flatMap(([name, one]) =>
        calibrationLines(one).map((line) => `${name}: ${line}`),
      );
      answer(json ? JSON.stringify(found) : lines.join("\n"));
    });
}

/** A line for each output: what was fitted, and of what. */
export function calibrationLines(calibration: Calibration): string[] {
  return Object.entries(calibration).map(([field, one]) => {
    const { temperature, threshold, sensitivity, specificity, nSamples, nParticipants } = one;
    const parts = [
      ...(temperature === null ? [] : [`temperature ${shownNumber(temperature)}`]),
      ...(threshold === null
        ? []
        : [
            `threshold ${shownNumber(threshold)} (sensitivity ${shownNumber(sensitivity ?? Number.NaN)}, specificity ${shownNumber(specificity ?? Number.NaN)} on these data)`,
          ]),
      `${nSamples} samples of ${nParticipants} participants`,
    ];
    return `${field}: ${parts.join(", ")}`;
  });
}
