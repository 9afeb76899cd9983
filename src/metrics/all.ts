/** Every metric: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./configs.ts";
