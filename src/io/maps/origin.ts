import { existsSync } from "node:fs";
import { z } from "zod";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { readRegular } from "../files/index.ts";
import { parseJson } from "../json/index.ts";

/** The files by whose content a MAPS is known. */
export interface Descriptions {
  readonly path: string;
  readonly modelJson: string;
  readonly metricsJson: string;
  readonly callbacksJson: string;
  readonly summaryLog: string;
  readonly training: { readonly optimizationJson: string };
}

const named = (name: string) => z.looseObject({ name_: z.literal(name) });
// a class of one's own is described by a text
const model = z.union([z.string(), z.looseObject({ name_: z.string() })]);
const optimization = z.looseObject({ num_epochs: z.int(), accumulation_steps: z.int(), evaluation_interval: z.int() });
const SUMMARY = /^=+ MAPS summary =+\n/;

/**
 * Checks that what there is of the files that describe a MAPS was written by this program or by ClinicaDL.
 * @throws ClinicaDLException naming the file that was not.
 */
export function checkContent(maps: Descriptions): void {
  const { path, modelJson, metricsJson, callbacksJson, summaryLog, training } = maps;
  const known = [
    [modelJson, model],
    [metricsJson, named("MetricsHandler")],
    [callbacksJson, named("CallbacksHandler")],
    [training.optimizationJson, optimization],
  ] as const;
  for (const [file, schema] of known) {
    if (!existsSync(file) || schema.safeParse(readable(file)).success) continue;
    throw new ClinicaDLException(
      `${path} is not deleted: ${file} is not what a MAPS holds there, so this may be something else. Choose another path, or delete it yourself.`,
    );
  }
  if (existsSync(modelJson) || (existsSync(summaryLog) && SUMMARY.test(readRegular(summaryLog)))) return;
  throw new ClinicaDLException(
    `${path} is not deleted: ${summaryLog} is not the summary of a MAPS, so this may be something else. Choose another path, or delete it yourself.`,
  );
}

function readable(path: string): unknown {
  try {
    return parseJson(readRegular(path));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
