import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import type { MetricsHandler } from "../metrics/index.ts";
import { type EventArgs, RunLog, TrainerState } from "../run/index.ts";
import * as torch from "../torch/index.ts";
import { ConfigError } from "../utils/exceptions.ts";
import { snakeToCamel } from "../utils/names.ts";
import { EarlyStoppingCallback } from "./early-stopping.ts";

type Options = ConstructorParameters<typeof EarlyStoppingCallback>[0];
type Numbers = readonly (number | string)[];

/** What ClinicaDL 2.0.0 does: test/golden/early_stopping_golden.py. */
const golden = JSON.parse(readFileSync(new URL("./golden/early-stopping.json", import.meta.url), "utf8")) as {
  readonly modes: Readonly<Record<string, "min" | "max">>;
  readonly cases: readonly {
    readonly options: Readonly<Record<string, unknown>>;
    readonly values: Readonly<Record<string, Numbers>>;
    readonly stops: readonly boolean[];
    readonly state: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  }[];
};
const parsed = (value: unknown): number => {
  if (value === "inf" || value === "-inf") return value === "inf" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return Number(value);
};

/** Metrics with these values in the epochs, the first of which is 1. */
function metricsOf(values: Readonly<Record<string, Numbers>>): MetricsHandler {
  return {
    metrics: Object.fromEntries(Object.entries(golden.modes).map(([name, optimum]) => [name, { optimum }])),
    checkMetricName(name: string): void {
      if (!(name in golden.modes)) throw new ConfigError(`no metric '${name}'`);
    },
    getMetricValue: (name: string, epoch: number) => parsed(values[name]?.[epoch - 1]),
  } as unknown as MetricsHandler;
}

/** Whether it asks to stop in each epoch from `first` on. */
function stops(callback: EarlyStoppingCallback, values: Readonly<Record<string, Numbers>>, first = 1): boolean[] {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const metrics = metricsOf(values);
  const count = Object.values(values)[0]?.length ?? 0;
  return Array.from({ length: count - first + 1 }, (_, i) => {
    const state = Object.assign(new TrainerState(), { currentEpoch: first + i });
    using log = new RunLog();
    callback.onValidationEnd({ state, metrics, log } as EventArgs<"onValidationEnd">);
    return state.shouldStop;
  });
}
function started(options: Options): EarlyStoppingCallback {
  const callback = new EarlyStoppingCallback(options);
  callback.onTrainStart({ metrics: metricsOf({}) } as EventArgs<"onTrainStart">);
  return callback;
}
function camel(options: Readonly<Record<string, unknown>>): Options {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [snakeToCamel(key), value])) as Options;
}

describe("EarlyStoppingCallback", () => {
  it.each(golden.cases.map((one) => [JSON.stringify(one.options), one] as const))(
    "decides as ClinicaDL's: %s",
    (_, one) => {
      const callback = started(camel(one.options));
      expect(stops(callback, one.values)).toEqual(one.stops);
      const state = callback.stateDict() as Record<string, Record<string, unknown>>;
      const numbers = Object.entries(state).map(([name, { best, num_non_improvements }]) => [
        name,
        Number(best),
        Number(num_non_improvements),
      ]);
      expect(numbers).toEqual(
        Object.entries(one.state).map(([name, of]) => [name, parsed(of.best), parsed(of.num_non_improvements)]),
      );
    },
  );

  it("goes on from its state, after any epoch, as if nothing had happened", () => {
    for (const { options, values, stops: expected } of golden.cases.slice(0, 30)) {
      for (const epoch of [1, Math.floor(expected.length / 2)]) {
        const one = started(camel(options));
        stops(one, Object.fromEntries(Object.entries(values).map(([name, of]) => [name, of.slice(0, epoch)])));
        const other = EarlyStoppingCallback.fromDict(JSON.parse(JSON.stringify(one.toDict())));
        other.onResume({ metrics: metricsOf({}) } as EventArgs<"onResume">);
        other.loadStateDict(torch.load(torch.save(one.stateDict())));
        expect(stops(other, values, epoch + 1)).toEqual(expected.slice(epoch));
      }
    }
  });

  it("begins anew with each training", () => {
    const callback = started({ metric: "loss", patience: 1 });
    expect(stops(callback, { loss: [1, 2, 2] })).toEqual([false, false, true]);
    callback.onTrainStart({ metrics: metricsOf({}) } as EventArgs<"onTrainStart">);
    expect(stops(callback, { loss: [5, 6, 6] })).toEqual([false, false, true]);
  });

  it("has the defaults of ClinicaDL, and goes to JSON and back", () => {
    const callback = new EarlyStoppingCallback({ metric: "loss" });
    const dict = {
      name_: "EarlyStoppingCallback",
      stoppers: [
        {
          name_: "OneMetricEarlyStopping",
          metric: "loss",
          patience: 3,
          min_delta: 0,
          mode: null,
          check_finite: true,
          upper_bound: null,
          lower_bound: null,
        },
      ],
    };
    expect(callback.toDict()).toEqual(dict);
    callback.resolveModes(metricsOf({}));
    expect(EarlyStoppingCallback.fromDict(JSON.parse(JSON.stringify(callback.toDict()))).stoppers).toEqual(
      callback.stoppers,
    );
  });

  it.each<[object, RegExp]>([
    [{}, /'metric' is required/],
    [{ metric: [] }, /'metric' is empty/],
    [{ metric: ["a", "b", "c"], patience: [1, 2] }, /'patience' has 2 values for 3 metric/],
    [{ metric: "a", minDelta: [0, 0] }, /'minDelta' has 2 values for 1 metric/],
    [{ metric: "a", upperBound: 0, lowerBound: 1 }, /'lowerBound' of 'a' is 1, above its 'upperBound' 0/],
    [{ metric: "a", patience: -1 }, /'patience' got -1/],
    [{ metric: "a", patience: 1.5 }, /'patience' got 1\.5/],
    [{ metric: "a", minDelta: -0.1 }, /'minDelta' got -0\.1/],
    [{ metric: "a", checkFinite: "yes" }, /'checkFinite' got 'yes'/],
    [{ metric: "a", basline: 1 }, /unknown option 'basline'/],
  ])("refuses %o", (options, message) => {
    expect(() => new EarlyStoppingCallback(options as Options)).toThrow(message);
  });

  it("refuses a metric that is not there when training begins", () => {
    expect(() => started({ metric: ["loss", "f1"] })).toThrow(/no metric 'f1'/);
  });
});

describe("what ClinicaDL does not have", () => {
  const [metric = ""] = Object.entries(golden.modes).find(([, mode]) => mode === "min") ?? [];
  const start = (options: Partial<Options>) => {
    const callback = new EarlyStoppingCallback({ metric, patience: 0, ...options });
    callback.onTrainStart({ metrics: metricsOf({}) } as unknown as EventArgs<"onTrainStart">);
    return callback;
  };

  it("stops a training that does not improve upon a baseline", () => {
    expect(stops(start({}), { [metric]: [0.9] })).toEqual([false]);
    expect(stops(start({ baseline: 0.5 }), { [metric]: [0.9] })).toEqual([true]);
    expect(stops(start({ baseline: 0.5 }), { [metric]: [0.4] })).toEqual([false]);
  });

  it("takes improvements for shares of the best value", () => {
    const options = { minDelta: 0.1, relative: true };
    expect(stops(start(options), { [metric]: [200, 185] })).toEqual([false, true]);
    expect(stops(start({ minDelta: 0.1 }), { [metric]: [200, 185] })).toEqual([false, false]);
  });

  it("is written beside what ClinicaDL reads, and read back", () => {
    const callback = new EarlyStoppingCallback({ metric: [metric, "other"], baseline: [0.5, null], relative: true });
    expect(JSON.stringify(callback.toDict())).not.toMatch(/baseline|relative/);
    const read = EarlyStoppingCallback.fromDict(callback.toDict(), callback.extrasToDict());
    expect(read.stoppers).toEqual(callback.stoppers);
    expect(new EarlyStoppingCallback({ metric }).extrasToDict()).toEqual({});
  });
});
