import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Callback, type EventArgs } from "../callbacks/index.ts";
import { LockedError } from "../io/maps/index.ts";
import { toyModel, toySplit } from "./fixtures/toy.ts";
import { computational, Trainers } from "./fixtures/trainers.ts";
import { RunInProgressError } from "./index.ts";
import { Trainer } from "./trainer.ts";

const trainers = Trainers.forEachTest();
const optimization = { numEpochs: 2 };
const make = (name: string) => trainers.make(name, { optimization });
const split = (index: number) => toySplit({ index });

describe("a process does one run at a time", () => {
  it("folds on one Trainer at once are refused, and the first one is as it would be alone", async () => {
    await make("alone").train(split(0), { computational });
    const trainer = make("maps");
    const runs = [0, 1].map((i) => trainer.train(split(i), { computational }));
    const [first, second] = await Promise.allSettled(runs);
    expect(first?.status).toBe("fulfilled");
    expect(second?.status === "rejected" && second.reason).toBeInstanceOf(RunInProgressError);
    expect(String(second?.status === "rejected" && second.reason)).toMatch(
      /train \(split 1\): this Trainer is still busy with train \(split 0\).*'await'.*Trainer\.open/s,
    );
    expect(trainer.maps.training.splitsList).toEqual([0]);
    expect(trainers.differences("maps", "alone")).toEqual([]);
    // one after the other they are welcome
    await trainer.train(split(1), { computational });
  });

  it("so are runs of two Trainers, of any kind, which would share random streams", async () => {
    const [one, two] = [make("one"), make("two")];
    await two.train(split(0), { computational });
    const running = one.train(split(0), { computational });
    const dataloader = split(0).valLoader;
    const modelCheckpoint = "split-0_final";
    const others = [
      () => two.train(split(1), { computational }),
      () => two.resume({ splitIdx: 0, numEpochs: 3, split: split(0) }),
      () => two.validate({ splitIdx: 0, metrics: ["loss"], dataloader }),
      () => two.test({ modelCheckpoint, groupName: "g", dataloader }),
      () => two.predict({ modelCheckpoint, groupName: "g", dataloader }),
    ];
    for (const other of others) await expect(other()).rejects.toThrow(/another Trainer of this process is still busy/);
    await running;
    expect(two.maps.test.groupsList).toEqual([]);
    await two.validate({ splitIdx: 0, metrics: ["loss"], dataloader });
  });

  it("so is a run within a run, from a callback; the Trainer is free again after an error", async () => {
    class Nested extends Callback {
      trainer: Trainer | null = null;
      override async onEpochEnd({ state }: EventArgs<"onEpochEnd">): Promise<void> {
        await this.trainer?.validate({ splitIdx: state.splitIdx ?? 0, metrics: ["loss"] });
      }
    }
    const nested = new Nested();
    const trainer = trainers.make("maps", { optimization, callbacks: [nested] });
    nested.trainer = trainer;
    await expect(trainer.train(split(0), { computational })).rejects.toThrow(/validate \(split 0\).*from a callback/s);
    nested.trainer = null;
    await trainer.resume({ splitIdx: 0, split: split(0) });
  });

  it("a forgotten await is named, not another process", async () => {
    const trainer = make("maps");
    const running = trainer.train(split(0), { computational });
    const overwrite = () => new Trainer({ maps: trainers.path("maps"), model: trainer.model, overwrite: true });
    expect(overwrite).toThrow(LockedError);
    expect(overwrite).toThrow(/That is this very process.*did you forget 'await'/);
    while (!existsSync(trainer.maps.training.split(0).path)) await new Promise((resolve) => setImmediate(resolve));
    expect(() => trainer.maps.deleteSplit(0)).toThrow(/this very process/);
    expect(() => trainer.dispose()).toThrow(/dispose: this Trainer is still busy.*'await'/);
    await running;
  });
});

describe("onTrainerInit", () => {
  it("cannot be asynchronous: refused before anything is made, and no rejection is left unheard", async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown) => unheard.push(reason);
    process.on("unhandledRejection", hear);
    class Slow extends Callback {
      override async onTrainerInit(): Promise<void> {
        throw new Error("later");
      }
    }
    class Later extends Callback {
      override onTrainerInit(): Promise<void> {
        return Promise.reject(new Error("later"));
      }
    }
    const model = toyModel();
    for (const callback of [new Slow(), new Later()]) {
      const name = callback.constructor.name;
      expect(() => new Trainer({ maps: trainers.path(name), model, callbacks: [callback] })).toThrow(
        new RegExp(`${name}\\.onTrainerInit is asynchronous`),
      );
    }
    expect(() => trainers.text("Slow", "model.json")).toThrow(/ENOENT/);
    await new Promise((done) => setTimeout(done, 10));
    process.off("unhandledRejection", hear);
    model.dispose();
    expect(unheard).toEqual([]);
  });
});
