/** The groups of `npm run test:gpu`, in the order in which they run. */
import type { Check } from "../check.ts";
import { engine } from "./engine.ts";
import { goldens, models } from "./goldens.ts";
import { ranks } from "./ranks.ts";
import { step } from "./step.ts";
import { training } from "./training.ts";

export const GROUPS: ReadonlyMap<string, readonly Check[]> = new Map([
  ["engine", engine],
  ["goldens", goldens],
  ["models", models],
  ["training", training],
  ["ranks", ranks],
  ["step", step],
]);
