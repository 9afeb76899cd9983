/**
 * `npm run test:ranks`: two processes train together, and then three, as `torchrun` starts them. Each of them is killed at each of its
 * points: before and in each call by which they work together, before each call that changes the MAPS, before each backward pass, at
 * its begin and its end. The others have to end within a limit, by themselves and with one message that names the one that is gone;
 * started again, all of them have to train to the same bits.
 *   --most N        at most N points of each rank, spread over the run
 *   --draw N        N points of each rank, drawn by --seed (1)
 *   --only TEXT     of these points only: part of "2 processes, rank 1, point 17: before glooBarrier"
 *   --sizes 2,3     numbers of processes
 *   --lanes N       points tried at the same time; by default 1
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { JOIN_SECONDS, LIMIT_SECONDS, type RankPoint, type RankResult, tryKills } from "./harness.ts";

const { values: options } = parseArgs({
  options: {
    most: { type: "string" },
    draw: { type: "string" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    sizes: { type: "string", default: "2,3" },
    lanes: { type: "string", default: "1" },
  },
});
const { most, draw, only } = options;
const say = (line: string) => process.stdout.write(`${line}\n`);
const nameOf = ({ size, rank, at, name }: RankPoint) => `${size} processes, rank ${rank}, point ${at}: ${name}`;
const start = performance.now();
const seconds = () => Math.round((performance.now() - start) / 1000);

const results = await tryKills({
  sizes: options.sizes.split(",").map(Number),
  lanes: Number(options.lanes),
  ...(most === undefined ? {} : { most: Number(most) }),
  draw: draw === undefined ? null : { count: Number(draw), seed: Number(options.seed) },
  ...(only === undefined ? {} : { filter: (point) => nameOf(point).includes(only) }),
  onResult: (result, done, all) => {
    if (result.problems.length > 0) say([`not survived: ${nameOf(result)}`, ...result.problems].join("\n  "));
    if (done % 10 === 0) say(`${done} of ${all} points, ${seconds()} s`);
  },
});

const failed = results.filter(({ problems }) => problems.length > 0);
const longest = (some: readonly RankResult[]) => Math.max(0, ...some.map((one) => one.seconds)).toFixed(1);
const met = results.filter((one) => one.met);
say(
  `${met.length} points after they had met: the others had ended after at most ${longest(met)} s (limit ${LIMIT_SECONDS} s)`,
);
const before = results.filter((one) => !one.met);
say(
  `${before.length} points before: after at most ${longest(before)} s, with a limit of ${JOIN_SECONDS} s for meeting`,
);
say(`${results.length} points tried, ${results.length - failed.length} survived, in ${seconds()} s`);
process.exitCode = results.length > 0 && failed.length === 0 ? 0 : 1;
