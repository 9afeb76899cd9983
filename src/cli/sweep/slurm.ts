import { basename, extname, join, resolve } from "node:path";
import process from "node:process";
import { ensureFolder, writeFileAtomic } from "../../io/files/index.ts";

/** What a job of a sweep is made of. */
export interface SlurmJob {
  /** The path of the sweep file. */
  readonly sweep: string;
  /** The directory of the study, where the script and what the jobs print are. */
  readonly study: string;
  /** How many jobs train at the same time, each one trial after the other. */
  readonly jobs: number;
}

/**
 * Writes the script of an array of jobs that train what is left of a sweep, in place of an earlier one.
 * @returns its path.
 */
export function writeSlurmScript(job: SlurmJob): string {
  ensureFolder(job.study);
  const path = join(job.study, "sweep.sbatch");
  writeFileAtomic(path, slurmScript(job, path), { overwrite: true });
  return path;
}

/** Jobs are told five minutes before their time is over: a training ends at a checkpoint, and its job is queued again. */
function slurmScript({ sweep, study, jobs }: SlurmJob, path: string): string {
  const [, program = ""] = process.argv;
  const file = resolve(sweep);
  const command = [process.execPath, ...process.execArgv, resolve(program), "sweep", file].map(quoted).join(" ");
  const name = basename(file, extname(file)).replaceAll(/\W+/g, "-");
  return `#!/bin/bash
# Trains what is left of ${visibleLine(file)}. Written by clinicadl; change it as your cluster needs it, then: sbatch ${visibleLine(quoted(path))}
#SBATCH --job-name=${name}
# So many trials are trained at the same time.
#SBATCH --array=0-${jobs - 1}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
# For a GPU each, take away the second "#".
##SBATCH --gres=gpu:1
# So many seconds before its time is over, a job goes to a checkpoint and is queued again.
#SBATCH --signal=B:USR1@300
# Where a node fails or a job is preempted, Slurm queues it again.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output="${visibleLine(study).replaceAll("%", "%%")}/slurm-%a.out"

export OMP_NUM_THREADS="\${SLURM_CPUS_PER_TASK:-1}"
${command} &
sweep=$!
trap 'kill -USR1 "$sweep"' USR1
trap 'kill -TERM "$sweep"' TERM
# A signal ends \`wait\`, and not the sweep.
while kill -0 "$sweep" 2>/dev/null; do wait "$sweep"; done
wait "$sweep"
code=$?
# 128 + USR1: it stands at a checkpoint. Any other end, that of a training that ran out of memory too, is one.
if [ "$code" -eq 138 ]; then
  exec sbatch --array="$SLURM_ARRAY_TASK_ID" ${quoted(path)}
fi
exit "$code"
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** In a comment, a line break would begin a command. */
function visibleLine(text: string): string {
  return text.replaceAll(/[\r\n]/g, "?");
}
