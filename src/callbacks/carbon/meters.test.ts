import { expect, it } from "vitest";
import { type MeterOptions, metersOf } from "./meters.ts";

let milliseconds = 0;
const options: MeterOptions = {
  cpuWatts: 50,
  gpuWatts: null,
  gpus: 2,
  threads: 4,
  powercap: "/none",
  now: () => milliseconds,
  powerLimit: () => 300,
};

it("GPUs count with their power limit, or with what is given", () => {
  const { meters, missing } = metersOf(options);
  const given = metersOf({ ...options, gpuWatts: 250, gpus: 1 }).meters;
  milliseconds += 2000;
  expect(meters.map(({ part, method }) => [part, method])).toEqual([
    ["processor", "assumed: 50 W all the time, as was given"],
    ["gpu", "assumed: 600 W all the time, the power limit of 2 GPUs"],
  ]);
  expect(meters.map((meter) => meter.since())).toEqual([100, 1200]);
  expect(meters.map((meter) => meter.since())).toEqual([0, 0]);
  expect(given.map((meter) => meter.since())).toEqual([100, 500]);
  expect(missing).toEqual([]);
});

it("what is not known is said", () => {
  const powerLimit = (): number => {
    throw new Error("no such command");
  };
  const { meters, missing } = metersOf({ ...options, powerLimit });
  expect(meters.map(({ part }) => part)).toEqual(["processor"]);
  expect(missing).toEqual(["the GPU is not counted: its power limit is not known (no such command). Give gpuWatts."]);
});
