import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { forgetWarnings, receiveWarnings } from "../../utils/warnings.ts";
import { Faces, Large } from "../fixtures/own.ts";
import type { Sample } from "../structures/index.ts";
import { autoWorkers, LoadingWatch } from "./auto-workers.ts";
import { DataLoader } from "./index.ts";

describe("threads pay", () => {
  /** Two batches of this many milliseconds each, of an epoch of 100. */
  const pays = (milliseconds: number, elapsed: number): boolean => {
    const watch = new LoadingWatch();
    watch.add(milliseconds);
    expect(watch.wouldPay(99, elapsed)).toBe(false);
    watch.add(milliseconds);
    return watch.wouldPay(98, elapsed);
  };
  it("where loading takes seconds, and more than a twentieth of the time", () => {
    expect(pays(50, 200)).toBe(true);
    expect(pays(50, 5000)).toBe(false);
    expect(pays(5, 20)).toBe(false);
  });
  it("not before two batches are loaded, nor for the last ones", () => {
    const watch = new LoadingWatch();
    watch.add(500);
    watch.add(500);
    expect(watch.wouldPay(1, 1000)).toBe(false);
    expect(watch.wouldPay(5, 1000)).toBe(true);
  });
  it("for short epochs, too, once they have lost seconds; what the first one read does not count", () => {
    const watch = new LoadingWatch();
    const paysInEpoch = (milliseconds: number): boolean => {
      watch.beginEpoch();
      for (let i = 0; i < 4; i++) watch.add(milliseconds);
      return watch.wouldPay(1, 1000);
    };
    expect([400, 200, 200, 200, 200].map(paysInEpoch)).toEqual([false, false, false, false, true]);
    watch.beginEpoch();
    for (let i = 0; i < 4; i++) watch.add(5);
    // data that have become quick
    expect(watch.wouldPay(1, 1000)).toBe(false);
  });
  it("leave one processor to the thread that trains, as far as there are any", () => {
    expect(autoWorkers()).toBeGreaterThanOrEqual(1);
    expect(autoWorkers()).toBeLessThanOrEqual(4);
  });
});

describe('numWorkers "auto"', () => {
  let said: string[];
  beforeEach(() => {
    said = [];
    forgetWarnings();
    receiveWarnings((message) => said.push(message));
  });
  afterEach(() => receiveWarnings((message) => process.stderr.write(message)));

  /** What an epoch gives, and how many threads there were with each batch. */
  async function epoch(loader: DataLoader<Sample>): Promise<{ values: number[]; threads: number[] }> {
    const [values, threads]: [number[], number[]] = [[], []];
    for await (using batch of loader) {
      using _scope = torch.scope();
      for (const { image } of batch) values.push(Number(image.tensor.max().item()));
      threads.push(loader.numWorkers);
    }
    return { values, threads };
  }

  it("is the default: quick data are loaded by the thread that asks", async () => {
    const live = torch.memory.live();
    const loader = new DataLoader(new Faces({ count: 6 }), { shuffle: false });
    expect(loader.config.numWorkers).toBe("auto");
    expect((await epoch(loader)).threads).toEqual([0, 0, 0, 0, 0, 0]);
    expect(loader.workersToStart).toBe(0);
    expect(torch.memory.live()).toEqual(live);
  });

  it("starts threads within an epoch where data are slow; the order is the same, and they stay until it rests", async () => {
    const loader = new DataLoader(new Large({ milliseconds: 260 }), { seed: 3 });
    const first = await epoch(loader);
    const here = await epoch(new DataLoader(new Large({ milliseconds: 0 }), { seed: 3, numWorkers: 0 }));
    expect(first.values).toEqual(here.values);
    expect(first.threads[0]).toBe(0);
    expect(first.threads.at(-1)).toBe(autoWorkers());
    expect(loader.numWorkers).toBe(autoWorkers());
    for await (using batch of loader) {
      expect([...batch]).toHaveLength(1);
      expect(loader.numWorkers).toBe(autoWorkers());
      break;
    }
    await loader.rest();
    expect(loader.numWorkers).toBe(0);
    expect(said).toEqual([]);
  });

  it("starts threads after some short epochs that were slow", async () => {
    const loader = new DataLoader(new Large({ milliseconds: 150 }), { seed: 3 });
    let epochs = 0;
    while (loader.numWorkers === 0 && epochs++ < 6) await epoch(loader);
    expect(loader.numWorkers).toBe(autoWorkers());
    await loader.rest();
  });

  it("goes on alone, and says why, where the data cannot go to threads", async () => {
    class Here extends Large {
      static override readonly from = null;
    }
    const loader = new DataLoader(new Here({ milliseconds: 260 }), { shuffle: false });
    const { values, threads } = await epoch(loader);
    expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(Math.max(...threads)).toBe(0);
    expect(said.join()).toMatch(/threads cannot help.*Here cannot be built again/);
  });

  it("is 0 in JSON, which ClinicaDL reads, and auto again when it is read", () => {
    const loader = new DataLoader(new Faces({ count: 2 }));
    expect(loader.toDict()).toMatchObject({ num_workers: 0 });
    expect(DataLoader.fromDict(loader.toDict(), loader.dataset).config.numWorkers).toBe("auto");
    const one = new DataLoader(new Faces({ count: 2 }), { numWorkers: 1 });
    expect(DataLoader.fromDict(one.toDict(), one.dataset).config.numWorkers).toBe(1);
  });
});
