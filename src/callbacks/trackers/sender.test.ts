import { expect, it } from "vitest";
import type { CurvePoint } from "../curve-point.ts";
import { Sender } from "./sender.ts";
import type { Tracker } from "./tracker.ts";

const point = (step: number, ...names: string[]): CurvePoint => ({
  step,
  time: 0,
  values: names.map((name) => [name, step]),
});

/** Takes points, but fails when it is told to: before it has taken them, or after. */
class Server implements Tracker {
  readonly name = "a server";
  readonly has: [key: string, step: number][] = [];
  failures: ("before" | "after")[] = [];
  keyOf(name: string): string {
    return name.toUpperCase();
  }
  async connect(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.has);
  }
  async send(points: readonly CurvePoint[]): Promise<void> {
    const failure = this.failures.shift();
    if (failure === "before") throw new Error("away");
    for (const { step, values } of points) for (const [key] of values) this.has.push([key, step]);
    if (failure === "after") throw new Error("no answer");
  }
  async finish(): Promise<void> {}
}

it("sends each point once, whatever was sent before, and whether a request that failed was heard or not", async () => {
  const server = new Server();
  server.has.push(["LOSS", 1]);
  server.failures = ["before", "after"];
  const failures: string[] = [];
  const sender = new Sender(server, (why) => failures.push(why));
  await sender.send([point(1, "loss", "rate"), point(2, "loss", "rate")]);
  await sender.send([point(2, "loss"), point(3, "loss"), point(3, "auc")]);
  expect(server.has).toEqual([
    ["LOSS", 1],
    ["RATE", 1],
    ["LOSS", 2],
    ["RATE", 2],
    ["LOSS", 3],
    ["AUC", 3],
  ]);
  expect(failures).toEqual(["away"]);
});
