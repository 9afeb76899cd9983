import type { Experiment } from "../server/answers.ts";

/** How far the trainings are, in one line. */
export function statusOf(experiments: readonly Experiment[]): string {
  const splits = experiments.flatMap(({ contents }) => (contents.found ? contents.value.splits : []));
  if (splits.length === 0) return "Nothing is trained yet";
  const count = (state: string): number => splits.filter(({ status }) => status.state === state).length;
  const running = splits.filter(({ status }) => status.state === "running");
  const now = running.map(
    ({ index, status }) => `split ${index}: epoch ${status.epoch ?? 0} of ${status.epochs ?? "?"}`,
  );
  const others = (["complete", "interrupted", "failed", "unknown"] as const).flatMap((state) =>
    count(state) === 0 ? [] : `${count(state)} ${state === "unknown" ? "of unknown state" : state}`,
  );
  return [...now.slice(0, 3), ...(now.length > 3 ? [`${now.length - 3} more running`] : []), ...others].join(" · ");
}
