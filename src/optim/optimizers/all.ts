/** Every optimizer: a line here makes it public, and known by its `name_` in plain objects, JSON and a MAPS. */

export * from "./adadelta.ts";
export * from "./adagrad.ts";
export * from "./adam.ts";
export * from "./adamw.ts";
export * from "./lion.ts";
export * from "./nadam.ts";
export * from "./radam.ts";
export * from "./rmsprop.ts";
export * from "./sgd.ts";
