/** The rooms of src/ whose doc comments are looked at. */
import { globSync } from "node:fs";
import { root } from "./comments.ts";

/** The rooms whose public classes and functions all have an example. */
export const ROOMS = [
  "callbacks",
  "data",
  "infer",
  "io",
  "losses",
  "metrics",
  "models",
  "networks",
  "optim",
  "split",
  "torch",
  "train",
  "transforms",
];
/** What is exported by the doors of others: random numbers are for transforms, events and their state for callbacks, floats for JSON. */
const SHARED = ["run", "utils/floats", "utils/random"];
/** The sources of some rooms, and what they share. */
export const files = (rooms: readonly string[]) =>
  [...rooms, ...SHARED]
    .flatMap((room) => globSync([`src/${room}.ts`, `src/${room}/**/*.ts`], { cwd: root }))
    .filter((path) => !/\.test\.ts$|\/(fixtures|generated|golden)\//.test(path))
    .sort();
