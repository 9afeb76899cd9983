import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Rapl } from "../callbacks/carbon/rapl.ts";
import { Callback, CarbonCallback, type EventArgs, TrainingCheckpointCallback } from "../callbacks/index.ts";
import { readJson } from "../io/json/file.ts";
import * as torch from "../torch/index.ts";
import { toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";

const trainers = Trainers.forEachTest();

let powercap = "";
beforeEach(() => {
  powercap = mkdtempSync(join(tmpdir(), "powercap-"));
});
afterEach(() => rmSync(powercap, { recursive: true, force: true }));

/** A counter as Linux shows it. */
function zone(folder: string, name: string, microjoules: number, range = 1_000_000): void {
  mkdirSync(join(powercap, folder), { recursive: true });
  writeFileSync(join(powercap, folder, "name"), `${name}\n`);
  writeFileSync(join(powercap, folder, "energy_uj"), `${microjoules}\n`);
  writeFileSync(join(powercap, folder, "max_energy_range_uj"), `${range}\n`);
}

it("counters are added up, each part once, and may begin at 0 again", () => {
  zone("intel-rapl:0", "package-0", 900_000);
  zone("intel-rapl:0:0", "core", 5);
  zone("intel-rapl:0:1", "dram", 10);
  zone("intel-rapl:1", "package-1", 0);
  zone("intel-rapl:2", "psys", 7);
  zone("dtpm", "package-9", 7);
  const rapl = new Rapl(powercap);
  expect(rapl.names).toBe("package-0, dram, package-1");
  expect(rapl.since()).toBe(0);
  zone("intel-rapl:0", "package-0", 100_000);
  zone("intel-rapl:0:0", "core", 400_000);
  zone("intel-rapl:0:1", "dram", 300_010);
  zone("intel-rapl:1", "package-1", 250_000);
  zone("intel-rapl:2", "psys", 999_999);
  // 0.2 J over the end of the counter, 0.3 J and 0.25 J
  expect(rapl.since()).toBeCloseTo(0.75, 12);
  expect(rapl.since()).toBe(0);
});

it("says why counters cannot be read", () => {
  expect(() => new Rapl(join(powercap, "none"))).toThrow(/none has no counters of energy/);
  zone("intel-rapl:0:0", "core", 5);
  expect(() => new Rapl(powercap)).toThrow(/has no counters of energy/);
  zone("intel-rapl:0", "package-0", 5);
  rmSync(join(powercap, "intel-rapl:0", "energy_uj"));
  expect(() => new Rapl(powercap)).toThrow(/ENOENT.*energy_uj/);
});

/** Each batch takes 6 s and 2 J. Breaks off in an epoch, when it is told to. */
class Work extends Callback {
  seconds = 0;
  #joules = 0;
  readonly #last: number;
  constructor(last = Number.POSITIVE_INFINITY) {
    super();
    this.#last = last;
    zone("intel-rapl:0", "package-0", 0, 10_000_000);
  }
  override onBackwardStepEnd({ state }: EventArgs<"onBackwardStepEnd">): void {
    this.seconds += 6;
    this.#joules += 2;
    zone("intel-rapl:0", "package-0", (this.#joules * 1e6) % 10_000_000, 10_000_000);
    if (state.currentEpoch === this.#last) throw new Error("broken off");
  }
  callback(options: ConstructorParameters<typeof CarbonCallback>[0] = {}, folder = powercap): CarbonCallback {
    return new CarbonCallback(options, { powercap: folder, now: () => 1000 * this.seconds, powerLimit: () => 300 });
  }
}

it("a training says what it took, and adds that up when it goes on", async () => {
  const work = new Work(3);
  const optimization = { numEpochs: 3 };
  const first = trainers.make("maps", {
    optimization,
    callbacks: [work.callback({ gramsPerKwh: 56 }), work, new TrainingCheckpointCallback({ everyNEpochs: 1 })],
  });
  await expect(first.train(toySplit(), { computational })).rejects.toThrow("broken off");
  const file = trainers.path("maps", "training", "split-0", "logs", "energy.json");
  // two epochs of 3 batches, and the batch that was broken off
  const method = "measured: RAPL (package-0), with all else that the machine did";
  const part = { part: "processor", method, seconds: 42, kilowatt_hours: expect.closeTo(14 / 3.6e6, 15) };
  expect(readJson(file)).toMatchObject({ seconds: 42, parts: [part], not_counted: [] });

  // on a machine whose counters cannot be read; the batch is trained on again
  const later = new Work();
  const none = join(powercap, "none");
  const resumed = await trainers.fromMaps("maps", { callbacks: [later.callback({ gramsPerKwh: 56 }, none), later] });
  await resumed.resume({ splitIdx: 0, split: toySplit() });
  const watts = 12 * torch.getNumThreads();
  const assumed = (18 * watts) / 3.6e6;
  const all = 14 / 3.6e6 + assumed;
  expect(readJson(file)).toEqual({
    seconds: 60,
    kilowatt_hours: expect.closeTo(all, 12),
    grams_co2e: expect.closeTo(56 * all, 10),
    grams_per_kwh: 56,
    grams_per_kwh_is: "as was given",
    parts: [
      part,
      {
        part: "processor",
        method: expect.stringContaining(`assumed: ${watts} W all the time, 12 W for each thread that computes`),
        seconds: 18,
        kilowatt_hours: expect.closeTo(assumed, 12),
      },
    ],
    not_counted: [],
  });
});

it("watts and the world's average are what is said", async () => {
  const work = new Work();
  const optimization = { numEpochs: 1 };
  const trainer = trainers.make("maps", { optimization, callbacks: [work.callback({ cpuWatts: 100 }), work] });
  await trainer.train(toySplit(), { computational });
  const kilowattHours = (100 * 18) / 3.6e6;
  expect(readJson(trainers.path("maps", "training", "split-0", "logs", "energy.json"))).toMatchObject({
    kilowatt_hours: expect.closeTo(kilowattHours, 12),
    grams_co2e: expect.closeTo(445 * kilowattHours, 10),
    parts: [{ method: "assumed: 100 W all the time, as was given" }],
  });
  const others = readJson(trainers.path("maps", ".clinicadl-ts", "callbacks.json"));
  expect(JSON.stringify(others)).toContain('"name_":"CarbonCallback","grams_per_kwh":null,"cpu_watts":100');
});
