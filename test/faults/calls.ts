/** The calls by which a scenario uses the disk, and at which of them something is to go wrong. */
import type { Kept } from "./power-cut.ts";
import type { Fault } from "./shim.ts";
import type { ScenarioName } from "./subject.ts";

export interface Call {
  /** `rename`, for example. */
  readonly name: string;
  readonly kind: "changes" | "allocates" | "writes" | "reads";
  /** Below the directory; random parts and times are `*`. */
  readonly path: string;
}

const ALL: readonly Call["kind"][] = ["changes", "allocates", "writes"];

interface FaultKind {
  readonly kinds: readonly Call["kind"][];
  readonly fault: (kind: Call["kind"]) => Omit<Fault, "at" | "calls">;
  /** When the power fails: what the disk keeps of what was not synced. */
  readonly kept: Kept | null;
  /** Whether the process ends by it, so that it cannot have told of it. */
  readonly ends: boolean;
}

const killed = () => ({ mode: "kill", error: "EIO" }) as const;
const cut = (kept: Kept): FaultKind => ({ kinds: ALL, fault: killed, kept, ends: true });

/** The ways for things to go wrong, and at which calls. */
export const FAULTS = {
  "SIGKILL before the call": { kinds: ALL, fault: killed, kept: null, ends: true },
  "SIGKILL after half of a write": {
    kinds: ["writes"],
    fault: () => ({ mode: "tear", error: "EIO" }),
    kept: null,
    ends: true,
  },
  // a disk that is full refuses all that needs room, until there is some; other calls it refuses for once
  ENOSPC: {
    kinds: ALL,
    fault: (kind) => ({ mode: kind === "changes" ? "fail" : "full", error: "ENOSPC" }),
    kept: null,
    ends: false,
  },
  EIO: { kinds: ALL, fault: () => ({ mode: "fail", error: "EIO" }), kept: null, ends: false },
  "EIO from a call that reads": {
    kinds: ["reads"],
    fault: () => ({ mode: "fail", error: "EIO" }),
    kept: null,
    ends: false,
  },
  "power cut, nothing kept": cut("nothing"),
  "power cut, names kept": cut("names"),
  "power cut, some kept": cut("some"),
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof FAULTS;

/** Something that goes wrong at one call. */
export interface Point {
  readonly scenario: ScenarioName;
  readonly name: FaultName;
  readonly fault: Fault;
  /** Its name and path. */
  readonly call: string;
  /** The newest checkpoint that the scenario had written before (in a power cut: and synced): `epoch-1`, for example. */
  readonly checkpoint: string | null;
  /** What the disk keeps when the power fails; null: it does not fail. */
  readonly kept: Kept | null;
}

export interface Result extends Point {
  /** What became of the run, in a few words. */
  readonly outcome: string;
  /** Why this point is not survived; empty if it is. */
  readonly problems: readonly string[];
}

/** Without what is another in every run. */
export function withoutChance(path: string): string {
  return path
    .replaceAll(/\.tmp-(\d+-)?[0-9a-f]{12}-/g, ".tmp-*-")
    .replaceAll(/(\.tmp-[^/\t]*)-[0-9a-f]{8}(?=\/|$)/g, "$1-*")
    .replaceAll(/_\d{4}(_\d\d){5}(_\d+)?/g, "_*");
}

/** A call as it is in every run: the files of a folder that is not there yet are synced at the same time, in any order. */
export function inAnyOrder(call: string): string {
  return call.replace(/^(fsync .*\/\.tmp-[^/]*-\*)(\/.*)?$/, "$1");
}

/** The lines that the shim writes. */
export function readCalls(text: string): Call[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", kind = "changes", path = ""] = line.split("\t");
      return { name, kind: kind as Call["kind"], path: withoutChance(path) };
    });
}

/** Those of a scenario, in order: they are counted apart. */
export interface Calls {
  readonly changes: readonly Call[];
  readonly reads: readonly Call[];
}

/** Every point of a scenario, in order; with `most`, at most so many of each fault, spread over the calls. */
export function pointsOf(scenario: ScenarioName, { changes, reads }: Calls, most = Number.POSITIVE_INFINITY): Point[] {
  const renamed = changes.map(({ name, path }) => {
    const checkpoint = /\/split-0\/tmp\/((?:epoch|batch)-[\d-]+)$/.exec(path)?.[1];
    return name.startsWith("rename") && checkpoint !== undefined ? checkpoint : null;
  });
  const newest = (made: readonly (string | null)[]) => made.findLast((checkpoint) => checkpoint !== null) ?? null;
  // it is promised once its name is on the disk
  const synced = changes.map(({ name, path }, i) =>
    name === "fsync" && path.endsWith("/split-0/tmp") ? newest(renamed.slice(0, i)) : null,
  );
  return (Object.keys(FAULTS) as FaultName[]).flatMap((name) => {
    const { fault, kinds, kept }: FaultKind = FAULTS[name];
    const checkpoints = kept === null ? renamed : synced;
    const reading = kinds.includes("reads");
    const points = (reading ? reads : changes).flatMap((call, i): Point[] => {
      if (!kinds.includes(call.kind)) return [];
      const checkpoint = reading ? null : newest(checkpoints.slice(0, i));
      const what = { ...fault(call.kind), calls: reading ? "reads" : "changes", at: i + 1 } as const;
      return [{ scenario, name, fault: what, call: `${call.name} ${call.path}`, checkpoint, kept }];
    });
    if (points.length <= most) return points;
    const chosen = Array.from({ length: most }, (_, k) => points[Math.floor(((k + 0.5) * points.length) / most)]);
    return chosen.filter((point) => point !== undefined);
  });
}
