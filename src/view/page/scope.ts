/** Which part of what is shown the address names: a trial of a study, or all that was given. The thread of the curves has it from its own address. */
const given = new URLSearchParams(location.search);
const [study, trial] = [given.get("study"), given.get("trial")];

/** What is added to each question. */
export const SCOPE: Readonly<Record<string, string>> = study === null || trial === null ? {} : { study, trial };

/** The address of a page, or of a thread of it, with its part. */
export function scoped(path: string, scope: Readonly<Record<string, string | number>> = SCOPE): string {
  const entries = Object.entries(scope).map(([key, value]) => [key, String(value)]);
  return entries.length === 0 ? path : `${path}?${new URLSearchParams(entries)}`;
}
