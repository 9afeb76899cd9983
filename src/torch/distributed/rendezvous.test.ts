import { describe, expect, it } from "vitest";
import { ConfigError } from "../../utils/exceptions.ts";
import { firstNode, launchedFromEnvironment, placeOfUrl, rendezvousFromEnvironment } from "./rendezvous.ts";

describe("the environment of a launcher", () => {
  it("names nobody else for a process that is alone", () => {
    expect(rendezvousFromEnvironment({})).toBeNull();
    expect(rendezvousFromEnvironment({ RANK: "0", WORLD_SIZE: "1", MASTER_ADDR: "a", MASTER_PORT: "1" })).toBeNull();
    // a batch script of Slurm is one process, however many tasks the job has
    expect(rendezvousFromEnvironment({ SLURM_PROCID: "0", SLURM_NTASKS: "4", SLURM_JOB_ID: "12" })).toBeNull();
    expect(rendezvousFromEnvironment({ OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "1" })).toBeNull();
  });
  it.each([
    { RANK: "0", WORLD_SIZE: "1" },
    { SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "1" },
    { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "1" },
  ])("says that it started one, which needs no place to meet: %o", (env) => {
    expect(launchedFromEnvironment(env)).toBe("alone");
    expect(rendezvousFromEnvironment(env)).toBeNull();
    expect(launchedFromEnvironment({ WORLD_SIZE: "1" })).toBeNull();
  });
  it("tells one launch from another, where it can", () => {
    const place = { MASTER_ADDR: "a", MASTER_PORT: "1" };
    const launch = (env: Record<string, string>) => rendezvousFromEnvironment({ ...place, ...env })?.launch;
    expect(launch({ RANK: "0", WORLD_SIZE: "2", TORCHELASTIC_RUN_ID: "one" })).toBe("one");
    const slurm = { SLURM_PROCID: "0", SLURM_STEP_NUM_TASKS: "2", SLURM_JOB_ID: "4711", SLURM_STEP_ID: "3" };
    expect(launch(slurm)).toBe("4711.3");
    const open = { OMPI_COMM_WORLD_RANK: "0", OMPI_COMM_WORLD_SIZE: "2", PMIX_NAMESPACE: "17" };
    expect(launch(open)).toBe("17");
  });
  it("is torchrun's, whose agent holds the store, one attempt apart from another", () => {
    const env = { RANK: "0", WORLD_SIZE: "4", LOCAL_RANK: "0", MASTER_ADDR: "node1", MASTER_PORT: "29500" };
    expect(rendezvousFromEnvironment(env)).toEqual({
      rank: 0,
      worldSize: 4,
      localRank: 0,
      place: { kind: "tcp", host: "node1", port: 29500, serves: true },
      prefix: "",
      launcher: "the environment",
      launch: "",
    });
    const elastic = { ...env, TORCHELASTIC_USE_AGENT_STORE: "True", TORCHELASTIC_RESTART_COUNT: "2" };
    expect(rendezvousFromEnvironment(elastic)).toMatchObject({
      place: { serves: false },
      prefix: "/worker/attempt_2",
      launcher: "torchrun",
    });
  });
  it("is that of a step of Slurm, on the first of its nodes, at a port of its own", () => {
    const env = {
      SLURM_PROCID: "3",
      SLURM_STEP_NUM_TASKS: "4",
      SLURM_LOCALID: "1",
      SLURM_STEP_NODELIST: "node[007-008,012],login",
      SLURM_JOB_ID: "4711",
      SLURM_STEP_ID: "0",
    };
    const found = rendezvousFromEnvironment(env);
    expect(found).toMatchObject({ rank: 3, worldSize: 4, localRank: 1, launcher: "srun" });
    expect(found?.place).toMatchObject({ kind: "tcp", host: "node007", serves: false });
    const next = rendezvousFromEnvironment({ ...env, SLURM_STEP_ID: "1" });
    expect(next?.place).not.toEqual(found?.place);
  });
  it.each(["node7", "node[7-9]", "node[7,9-11],other[1-2]", "node7,node8"])("has the first node of %s", (list) => {
    expect(firstNode(list)).toBe("node7");
  });
  it("is that of mpirun, which does not say where the processes meet", () => {
    const open = { OMPI_COMM_WORLD_RANK: "1", OMPI_COMM_WORLD_SIZE: "2", OMPI_COMM_WORLD_LOCAL_RANK: "1" };
    expect(() => rendezvousFromEnvironment(open)).toThrow("MASTER_ADDR and MASTER_PORT is not set");
    const place = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: "29500" };
    expect(rendezvousFromEnvironment({ ...open, ...place })).toMatchObject({
      rank: 1,
      worldSize: 2,
      launcher: "mpirun",
    });
    expect(rendezvousFromEnvironment({ PMI_RANK: "0", PMI_SIZE: "2", ...place })).toMatchObject({
      rank: 0,
      worldSize: 2,
    });
  });
  it.each([
    [{ WORLD_SIZE: "2" }, "WORLD_SIZE is 2, but RANK is not set"],
    [{ RANK: "two", WORLD_SIZE: "2" }, "RANK is 'two'"],
    [{ RANK: "2", WORLD_SIZE: "2" }, "RANK is 2 and its WORLD_SIZE 2"],
    [{ RANK: "0", WORLD_SIZE: "2", MASTER_ADDR: "a" }, "MASTER_PORT is not set"],
    [{ RANK: "0", WORLD_SIZE: "2", MASTER_ADDR: "a", MASTER_PORT: "70000" }, "MASTER_PORT is 70000"],
  ])("that makes no sense is an error: %o", (env, message) => {
    expect(() => rendezvousFromEnvironment(env)).toThrow(ConfigError);
    expect(() => rendezvousFromEnvironment(env)).toThrow(message);
  });
});

it("a place is that of a URL, whose address of IPv6 stands in brackets", () => {
  expect(placeOfUrl("tcp://node1:29500", 1)).toEqual({ kind: "tcp", host: "node1", port: 29_500, serves: false });
  expect(placeOfUrl("tcp://[fd00::1]:29500", 0)).toEqual({ kind: "tcp", host: "fd00::1", port: 29_500, serves: true });
  expect(placeOfUrl("file:///shared/meeting", 0)).toEqual({ kind: "file", path: "/shared/meeting" });
  for (const other of ["tcp://node1", "http://node1:80", "node1:29500"]) expect(placeOfUrl(other, 0)).toBeNull();
});
