/** Where the processes of a group meet, as their launcher says. */
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../utils/exceptions.ts";

/** Through what they find each other. */
export type MeetingPlace =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly serves: boolean }
  | { readonly kind: "file"; readonly path: string };

/** One process among those that were launched together. */
export interface Rendezvous {
  /** Which of them this is, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly worldSize: number;
  /** Which of those on this machine this is, from 0: the GPU that it takes. */
  readonly localRank: number;
  readonly place: MeetingPlace;
  /** Before every key: what an earlier attempt left under the same address is not taken for this one's. */
  readonly prefix: string;
  /** Who launched it, for messages. */
  readonly launcher: string;
  /** What the launcher calls those that it started together, so that others that come to the same place are known; "" where it says nothing. */
  readonly launch: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the environment says of the processes that were launched together; null for a process that is alone.
 *
 * - `torchrun`, and whatever sets the same variables: `RANK`, `WORLD_SIZE`, `MASTER_ADDR`, `MASTER_PORT`
 * - `srun`: `SLURM_PROCID`, `SLURM_STEP_NUM_TASKS`, `SLURM_STEP_NODELIST` (not a batch script itself, which is one process)
 * - `mpirun` of Open MPI and MPICH: `OMPI_COMM_WORLD_RANK` and `_SIZE`, `PMI_RANK` and `PMI_SIZE`, with `MASTER_ADDR` and `MASTER_PORT`
 *
 * @throws ConfigError naming a variable that is missing or makes no sense.
 * @example
 * ```ts
 * const env = { RANK: "1", WORLD_SIZE: "4", MASTER_ADDR: "node003", MASTER_PORT: "29500" };
 * const found = torch.distributed.rendezvousFromEnvironment(env);
 * console.log(found?.rank, found?.worldSize); // → 1 4
 * ```
 */
export function rendezvousFromEnvironment(env: Environment): Rendezvous | null {
  const found = launchedFromEnvironment(env);
  return found === "alone" ? null : found;
}

/** The same, and "alone" where a launcher has started one process. @throws ConfigError likewise. */
export function launchedFromEnvironment(env: Environment): Rendezvous | "alone" | null {
  const found = torchrun(env) ?? slurm(env) ?? mpi(env);
  if (found === null && isSet(env.WORLD_SIZE) && whole(env, "WORLD_SIZE") > 1) {
    throw new ConfigError(
      `The environment's WORLD_SIZE is ${env.WORLD_SIZE}, but RANK is not set, so that each process would train by itself. Set RANK, from 0 to ` +
        `${whole(env, "WORLD_SIZE") - 1}, as torchrun does, or unset WORLD_SIZE.`,
    );
  }
  return found;
}

/** What `initMethod` says: `tcp://host:port` or `file:///path`; null for anything else. */
export function placeOfUrl(text: string, rank: number): MeetingPlace | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "file:") return { kind: "file", path: fileURLToPath(url) };
  if (url?.protocol !== "tcp:" || url.port === "") return null;
  // an address of IPv6 stands in brackets
  return { kind: "tcp", host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port), serves: rank === 0 };
}

function torchrun(env: Environment): Rendezvous | "alone" | null {
  if (!isSet(env.RANK) || !isSet(env.WORLD_SIZE)) return null;
  const { rank, worldSize } = ranks(env, "RANK", "WORLD_SIZE");
  if (worldSize === 1) return "alone";
  // the agent of torchrun holds the store itself, for all attempts
  const agent = env.TORCHELASTIC_USE_AGENT_STORE === "True";
  const attempt = env.TORCHELASTIC_RESTART_COUNT ?? "0";
  return {
    rank,
    worldSize,
    localRank: isSet(env.LOCAL_RANK) ? whole(env, "LOCAL_RANK") : rank,
    place: address(env, "the launcher", rank === 0 && !agent),
    prefix: agent ? `/worker/attempt_${attempt}` : "",
    launcher: agent ? "torchrun" : "the environment",
    launch: env.TORCHELASTIC_RUN_ID ?? "",
  };
}

function slurm(env: Environment): Rendezvous | "alone" | null {
  if (!isSet(env.SLURM_PROCID) || !isSet(env.SLURM_STEP_NUM_TASKS)) return null;
  const { rank, worldSize } = ranks(env, "SLURM_PROCID", "SLURM_STEP_NUM_TASKS");
  if (worldSize === 1) return "alone";
  const nodes = env.SLURM_STEP_NODELIST ?? env.SLURM_JOB_NODELIST;
  const host = env.MASTER_ADDR ?? (isSet(nodes) ? firstNode(nodes) : undefined);
  if (host === undefined) {
    throw new ConfigError("srun: SLURM_STEP_NODELIST is not set, so the first node is not known. Set MASTER_ADDR.");
  }
  const port = isSet(env.MASTER_PORT) ? portOf(env) : portOfStep(env);
  return {
    rank,
    worldSize,
    localRank: isSet(env.SLURM_LOCALID) ? whole(env, "SLURM_LOCALID") : rank,
    place: { kind: "tcp", host, port, serves: rank === 0 },
    prefix: "",
    launcher: "srun",
    launch: `${env.SLURM_JOB_ID ?? ""}.${env.SLURM_STEP_ID ?? ""}`,
  };
}

function mpi(env: Environment): Rendezvous | "alone" | null {
  const open = isSet(env.OMPI_COMM_WORLD_RANK) && isSet(env.OMPI_COMM_WORLD_SIZE);
  if (!open && !(isSet(env.PMI_RANK) && isSet(env.PMI_SIZE))) return null;
  const [rankName, sizeName, localName] = open
    ? (["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"] as const)
    : (["PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"] as const);
  const { rank, worldSize } = ranks(env, rankName, sizeName);
  if (worldSize === 1) return "alone";
  return {
    rank,
    worldSize,
    localRank: isSet(env[localName]) ? whole(env, localName) : rank,
    place: address(env, "mpirun", rank === 0),
    prefix: "",
    launcher: "mpirun",
    launch: env.PMIX_NAMESPACE ?? "",
  };
}

const isSet = (value: string | undefined): value is string => value !== undefined && value !== "";

function whole(env: Environment, name: string): number {
  const text = env[name] ?? "";
  if (!/^\d+$/.test(text)) {
    throw new ConfigError(`The environment's ${name} is '${text}'. Expected a whole number that is not negative.`);
  }
  return Number(text);
}

function ranks(env: Environment, rankName: string, sizeName: string): { rank: number; worldSize: number } {
  const [rank, worldSize] = [whole(env, rankName), whole(env, sizeName)];
  if (worldSize < 1 || rank >= worldSize) {
    throw new ConfigError(
      `The environment's ${rankName} is ${rank} and its ${sizeName} ${worldSize}. Expected a rank from 0 to one less than the size.`,
    );
  }
  return { rank, worldSize };
}

function portOf(env: Environment): number {
  const port = whole(env, "MASTER_PORT");
  if (port < 1 || port > 65535) {
    throw new ConfigError(`The environment's MASTER_PORT is ${port}. Expected a port, from 1 to 65535.`);
  }
  return port;
}

function address(env: Environment, launcher: string, serves: boolean): MeetingPlace {
  const { MASTER_ADDR: host, MASTER_PORT: port } = env;
  if (!isSet(host) || !isSet(port)) {
    const missing = [isSet(host) ? null : "MASTER_ADDR", isSet(port) ? null : "MASTER_PORT"].filter(
      (name) => name !== null,
    );
    throw new ConfigError(
      `There are several processes, as ${launcher} says, but ${missing.join(" and ")} is not set. Set MASTER_ADDR to the host of ` +
        "the process of rank 0, and MASTER_PORT to a port that is free there.",
    );
  }
  return { kind: "tcp", host, port: portOf(env), serves };
}

/** The same port in all processes of a step, and another for each step of the jobs that may share a node. */
function portOfStep(env: Environment): number {
  const [job, step] = [Number(env.SLURM_JOB_ID ?? 0), Number(env.SLURM_STEP_ID ?? 0)];
  return 20_000 + ((job * 31 + step) % 12_000);
}

/**
 * The first of Slurm's list of nodes, such as `node[003-010,020],login`: node003.
 * @example
 * ```ts
 * console.log(torch.distributed.firstNode("node[003-010,020],login")); // → node003
 * ```
 */
export function firstNode(list: string): string {
  const match = /^(?<before>[^[,]*)(?:\[(?<first>\d+)[^\]]*\](?<after>[^[,]*))?/.exec(list.trim());
  const { before = "", first = "", after = "" } = match?.groups ?? {};
  return `${before}${first}${after}`;
}
