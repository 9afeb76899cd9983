/** How the processes of a group find each other: all come to one place within a limit, or each says who has not. */
import os from "node:os";
import { ClinicaDLException } from "../../utils/exceptions.ts";
import { type GroupHandle, native, type StoreHandle } from "../native.ts";
import { expectMeeting, heardOfLeaving, holdsStore, type Leaving, meetingIsOver, whereItIs } from "./leaving.ts";
import { untilListening } from "./listening.ts";
import { networkInterface } from "./network-interface.ts";
import type { MeetingPlace, Rendezvous } from "./rendezvous.ts";

/**
 * One of the processes is gone, or they no longer do the same.
 * @example
 * ```ts
 * await torch.distributed.barrier().catch((error: unknown) => {
 *   console.log(error instanceof torch.distributed.DistributedError); // → true
 * });
 * ```
 */
export class DistributedError extends ClinicaDLException {}

/** How long a process that has lost the others waits for what they say of it: those that say nothing are gone. */
export const SEEK_MS = 3000;

export interface MeetingOptions {
  /** How long the others are waited for until all have come. */
  readonly joinMs: number;
  /** How long their answers are waited for afterwards. */
  readonly timeoutMs: number;
  /** The network interface by which they reach each other; null: that by which this process reaches the place where they meet. */
  readonly networkInterface: string | null;
}

export interface Met {
  readonly store: StoreHandle;
  readonly group: GroupHandle;
  /** Of each rank: its host and the number of its process. */
  readonly hosts: readonly string[];
}

/** A process that has come. */
interface There {
  /** Its host and the number of its process. */
  readonly host: string;
  /** The address by which it reached the place; null where that is a file. */
  readonly address: string | null;
  /** What its launcher calls those that it started together. */
  readonly launch: string;
}
/** What the process of rank 0 says when the limit is over, or all are there; by rank, null for one that has not come. */
type Roll = Left | { readonly ranks: readonly (There | null)[] };
/** What a process says that has come, or of one that has ended before. */
type Said = Left | There;
/** One has ended with an error, so that they will not meet. */
interface Left {
  readonly left: string;
}

/** @throws DistributedError naming those that do not come in time. */
export async function meet(rendezvous: Rendezvous, options: MeetingOptions): Promise<Met> {
  const { rank, worldSize, place, prefix } = rendezvous;
  const { joinMs, timeoutMs } = options;
  const until = performance.now() + joinMs;
  const left = () => Math.max(1, Math.round(until - performance.now()));
  expectMeeting(rendezvous, joinMs);
  const { store: base, address } = await openStore(place, worldSize, joinMs).catch((cause: unknown) => {
    meetingIsOver();
    if (/EADDRINUSE/.test(String(cause))) throw portInUse(rendezvous, cause);
    throw refusal(rendezvous, joinMs, `${holderOf(rendezvous)} does not answer there (${reason(cause)})`, cause);
  });
  if (place.kind === "tcp" && place.serves) holdsStore();
  const store = native.prefixStore(base, prefix);
  native.storeClose(base); // which is there as long as the other is
  try {
    await come(store, rendezvous, { address, left });
    const roll = await (rank === 0 ? callTheRoll(store, worldSize, left) : waitForRoll(store, left));
    if ("left" in roll) {
      await native.storeSet(store, `heard/${rank}`, "");
      heardOfLeaving();
      throw new DistributedError(
        `${whoAsks(rendezvous)} has not met the others, because there was an error in ${roll.left}`,
      );
    }
    const { ranks } = roll;
    const there = ranks.filter((one) => one !== null);
    if (there.length < worldSize) {
      meetingIsOver();
      if (rank === 0) await leaveTime(store, ranks);
      else await native.storeSet(store, `heard/${rank}`, "");
      throw refusal(rendezvous, joinMs, whoIsMissing(ranks));
    }
    const links = native.prefixStore(store, "gloo");
    const device = options.networkInterface ?? (await interfaceOf(address, there));
    const group = await native.glooGroup(links, rank, worldSize, left(), timeoutMs, device);
    native.storeClose(links);
    meetingIsOver();
    return { store, group, hosts: there.map(({ host }) => host) };
  } catch (cause) {
    if (cause instanceof DistributedError) throw cause;
    meetingIsOver();
    throw refusal(rendezvous, joinMs, await whoIsSilent(store, rendezvous), cause);
  }
}

/** The group of a process that is alone, by the loopback. */
export async function meetNobody(timeoutMs: number): Promise<Met> {
  const store = native.hashStore();
  const loopback = await networkInterface("127.0.0.1", []);
  return { store, group: await native.glooGroup(store, 0, 1, timeoutMs, timeoutMs, loopback), hosts: [whereItIs()] };
}

/**
 * Says that this process is there.
 * @throws DistributedError where the place is that of another training: processes of two would take each other for their own.
 */
async function come(
  store: StoreHandle,
  rendezvous: Rendezvous,
  { address, left }: { readonly address: string | null; readonly left: () => number },
): Promise<void> {
  const { rank, launch } = rendezvous;
  const own: There = { host: whereItIs(), address, launch };
  if (rank > 0) {
    const first = JSON.parse(await native.storeGet(store, "host/0", left())) as Said;
    if ("host" in first && first.launch !== launch) throw othersMeet(rendezvous, `rank 0 of another, ${first.host},`);
  }
  const there = JSON.parse(await native.storeClaim(store, `host/${rank}`, JSON.stringify(own))) as Said;
  if ("host" in there && there.host !== own.host) throw othersMeet(rendezvous, `another rank ${rank}, ${there.host},`);
}

/** What gloo calls the interface; "" is that of this host's name, where processes meet in a file. */
async function interfaceOf(address: string | null, all: readonly There[]): Promise<string> {
  if (address === null) return "";
  return await networkInterface(
    address,
    all.flatMap((one) => one.address ?? []),
  );
}

async function callTheRoll(store: StoreHandle, worldSize: number, left: () => number): Promise<Roll> {
  const ranks: (There | null)[] = [];
  for (let rank = 0; rank < worldSize; rank++) {
    const said = await saidBy(store, rank, left());
    if (said !== null && "left" in said) return said;
    ranks.push(said);
  }
  await native.storeSet(store, "roll", JSON.stringify({ ranks } satisfies Roll));
  return { ranks };
}

/** What a process has said; null where it has not come in time. */
async function saidBy(store: StoreHandle, rank: number, waitMs: number): Promise<Said | null> {
  const text = await native.storeGet(store, `host/${rank}`, waitMs).catch(ifLate(null));
  return text === null ? null : (JSON.parse(text) as Said);
}

/** Rank 0 waits as long for the others as this one for it, and may have come later. */
async function waitForRoll(store: StoreHandle, left: () => number): Promise<Roll> {
  return JSON.parse(await native.storeGet(store, "roll", left() + SEEK_MS)) as Roll;
}

/** Says for a process that has ended why they will not meet, wherever the others wait; and stays until they have heard of it. */
export async function leaveMeeting(leaving: Leaving): Promise<void> {
  const { rank, worldSize, place, prefix, word, stays, joinMs } = leaving;
  const until = performance.now() + joinMs;
  const left = () => Math.max(1, Math.round(until - performance.now()));
  const store = native.prefixStore((await openStore(place, worldSize, joinMs)).store, prefix);
  const others = Array.from({ length: worldSize }, (_, other) => other).filter((other) => other !== rank);
  if (word !== null) {
    const said = JSON.stringify({ left: word } satisfies Said & Roll);
    await native.storeSet(store, "roll", said);
    // rank 0 waits for one after the other, and may not have come to this one
    for (const other of [rank, ...others]) await native.storeSet(store, `host/${other}`, said);
    await native.storeSet(store, `heard/${rank}`, "");
  }
  if (!stays) return;
  for (const other of others) await native.storeGet(store, `heard/${other}`, left());
}

/** The store may end with this process: the others are to have read who is missing. */
async function leaveTime(store: StoreHandle, ranks: readonly (There | null)[]): Promise<void> {
  const others = [...ranks.keys()].filter((rank) => rank !== 0 && ranks[rank] !== null);
  await Promise.all(others.map((rank) => native.storeGet(store, `heard/${rank}`, SEEK_MS).catch(ifLate(""))));
}

/** What `value` stands for where a key has not come in time; the end of the store is an error still. */
function ifLate<T>(value: T): (cause: unknown) => T {
  return (cause) => {
    if (/timeout|timed out/i.test(String(cause))) return value;
    throw cause;
  };
}

function whoIsMissing(ranks: readonly (There | null)[]): string {
  const missing = [...ranks.keys()].filter((rank) => ranks[rank] === null);
  const there = ranks.flatMap((one, rank) => (one === null ? [] : `rank ${rank} (${one.host})`));
  return `${missing.map((rank) => `rank ${rank}`).join(", ")} has not come, ${there.join(", ")} has`;
}

/** Who says nothing any more, when all had come but could not connect to each other, or rank 0 has not called the roll. */
async function whoIsSilent(store: StoreHandle, rendezvous: Rendezvous): Promise<string> {
  try {
    await native.storeSet(store, `lost/${rendezvous.rank}`, "");
    const silent: string[] = [];
    const ranks = Array.from({ length: rendezvous.worldSize }, (_, rank) => rank);
    await Promise.all(
      ranks.map(async (rank) => {
        const lost = await native.storeGet(store, `lost/${rank}`, SEEK_MS).then(() => true, ifLate(false));
        if (lost) return;
        const said = await saidBy(store, rank, 1);
        silent.push(`rank ${rank} (${said !== null && "host" in said ? said.host : "which has not come"})`);
      }),
    );
    if (silent.length > 0) return `${silent.sort().join(", ")} does not answer`;
    return "all have come to that place, but do not reach each other: GLOO_SOCKET_IFNAME names the network interface";
  } catch {
    return `${holderOf(rendezvous)}, which held that place, is gone`;
  }
}

/** Whose end is the end of the meeting place. */
export function holderOf({ place, launcher }: Rendezvous): string {
  if (place.kind === "file") return "the file system";
  return launcher === "torchrun" ? "torchrun's agent" : "rank 0";
}

function whoAsks({ rank, worldSize, launcher }: Rendezvous): string {
  return `Rank ${rank} of ${worldSize} (as ${launcher} says)`;
}

/** Another program listens there: perhaps another training, whose processes would take those of this one for their own. */
function portInUse(rendezvous: Rendezvous, cause: unknown): DistributedError {
  const { place } = rendezvous;
  const where = place.kind === "tcp" ? `port ${place.port}` : place.path;
  return new DistributedError(
    `${whoAsks(rendezvous)} cannot hold the place where all meet: another program of this host (${os.hostname()}) listens at ${where}. End it, or ` +
      "give all processes of this training another MASTER_PORT.",
    { cause },
  );
}

/** @param who has come there. Nobody waits for this process, so that nobody is told when it ends. */
function othersMeet(rendezvous: Rendezvous, who: string): DistributedError {
  meetingIsOver();
  const { place } = rendezvous;
  const [where, remedy] =
    place.kind === "tcp"
      ? [`${place.host}:${place.port}`, "give all processes of this one another MASTER_PORT"]
      : [place.path, "delete the file, if it was left by a training that has ended"];
  return new DistributedError(
    `${whoAsks(rendezvous)} cannot meet the others at ${where}: ${who} has come there before. Is it the place of another training? End ` +
      `that, or ${remedy}.`,
  );
}

function refusal(rendezvous: Rendezvous, joinMs: number, who: string, cause?: unknown): DistributedError {
  const { place } = rendezvous;
  const where = place.kind === "tcp" ? `${place.host}:${place.port}` : place.path;
  return new DistributedError(
    `${whoAsks(rendezvous)} has not met the others at ${where} within ${joinMs / 1000} s: ${who}. ` +
      "Look whether all of them were started, and why one has ended; CLINICADL_JOIN_TIMEOUT is the limit in seconds.",
    cause === undefined ? {} : { cause },
  );
}

interface Opened {
  readonly store: StoreHandle;
  /** The address of this host from which it was reached; null for a file. */
  readonly address: string | null;
}

async function openStore(place: MeetingPlace, worldSize: number, timeoutMs: number): Promise<Opened> {
  switch (place.kind) {
    case "tcp": {
      const { host, port, serves } = place;
      const open = () => native.tcpStore(host, port, serves, Math.ceil(timeoutMs / 2));
      const own = serves ? await open() : null;
      const address = await untilListening(host, port, timeoutMs);
      return { store: own ?? (await open()), address };
    }
    case "file":
      return { store: native.fileStore(place.path, worldSize, timeoutMs), address: null };
  }
}

/** The first sentence of what libtorch says, without the place in its sources. */
export function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  const [line = ""] = text.split("\n");
  const [sentence = ""] = line.replace(/^\[[^\]]*\]\s*/, "").split(/\.(?:\s|$)/);
  return sentence;
}
