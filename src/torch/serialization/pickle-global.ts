import type { StorageType } from "./storage-types.ts";

/** What a class or function that a pickle may name does. */
export interface GlobalBehaviour {
  /** Calls it; absent if it may only be named. */
  readonly call?: (args: readonly unknown[]) => unknown;
  /** Sets an object's attributes from what BUILD gives. */
  readonly build?: (object: unknown, state: unknown) => void;
  /** What the name itself stands for once loading is done (a dtype). */
  readonly value?: unknown;
  /** The elements of a class of storages; `untyped` where the class does not tell. */
  readonly storage?: StorageType | "untyped";
}

/** A class or function that a pickle may name. */
export class PickleGlobal {
  readonly name: string;
  readonly call: GlobalBehaviour["call"];
  readonly build: GlobalBehaviour["build"];
  readonly value: unknown;
  readonly storage: StorageType | "untyped" | undefined;
  constructor(name: string, { call, build, value, storage }: GlobalBehaviour = {}) {
    this.name = name;
    this.call = call;
    this.build = build;
    this.value = value;
    this.storage = storage;
  }
}
