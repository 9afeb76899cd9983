import { ConfigError } from "../utils/exceptions.ts";

/**
 * The GPU of one of several processes on a machine, from 0. Launchers that give each process its own GPU show it that one only.
 *
 * @param localRank which of the processes on this machine it is, from 0.
 * @param gpus how many GPUs it sees, at least one.
 * @throws ConfigError where there are more processes than GPUs.
 */
export function gpuOfProcess(localRank: number, gpus: number): number {
  if (gpus === 1) return 0;
  if (localRank < gpus) return localRank;
  throw new ConfigError(
    `Process ${localRank} of this machine, counted from 0, has no GPU: there are ${gpus}. Start as many processes on a machine as it has GPUs ` +
      "(torchrun --nproc-per-node, srun --ntasks-per-node); without LOCAL_RANK or SLURM_LOCALID, the rank is taken for the number on the machine.",
  );
}
