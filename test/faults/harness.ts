/** Tries points, and gathers what is found. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Calls, type Point, pointsOf, type Result, readCalls } from "./calls.ts";
import { Lanes } from "./lanes.ts";
import { SCENARIOS, type Scenario, type ScenarioName } from "./subject.ts";

export interface HarnessOptions {
  /** At most so many points of each fault in each scenario. Default: all. */
  readonly most?: number;
  /** Processes that try points at the same time. Default 2. */
  readonly lanes?: number;
  /** Of these points only. */
  readonly filter?: (point: Point) => boolean;
  /** Called when the points are known, and after each of them. */
  readonly onCalls?: (scenario: ScenarioName, calls: Calls) => void;
  readonly onResult?: (result: Result, done: number, all: number) => void;
}

/** Tries all points (or some) of all scenarios. @throws Error if that cannot be done; not if a point is not survived. */
export async function tryFaults(options: HarnessOptions = {}): Promise<Result[]> {
  const { most, lanes: count = 2, filter = () => true, onCalls = () => {}, onResult = () => {} } = options;
  using lanes = new Lanes();
  const names = Object.keys(SCENARIOS) as ScenarioName[];
  await lanes.run(0, "prepare", names.join());
  const points = names.flatMap((name) => {
    const read = (file: string) => readCalls(readFileSync(join(lanes.folder, name, file), "utf8"));
    const { reads }: Scenario = SCENARIOS[name];
    const calls = { changes: read("changes.tsv"), reads: reads === true ? read("reads.tsv") : [] };
    onCalls(name, calls);
    return pointsOf(name, calls, most).filter(filter);
  });
  const results: Result[] = [];
  const running = Array.from({ length: count }, async (_, i) => {
    const file = join(lanes.folder, `points-${i}.json`);
    writeFileSync(file, JSON.stringify(points.filter((_, k) => k % count === i)));
    await lanes.run(i, "try", file, (line) => {
      const result = JSON.parse(line) as Result;
      results.push(result);
      onResult(result, results.length, points.length);
    });
  });
  await Promise.all(running);
  return results;
}
