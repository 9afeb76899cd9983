import type { FoundFile } from "./scan.ts";

const SHOWN = 10;

/** The files that are of one type, though one is wanted, and options of `BidsFileType` that select one of them. */
export function severalFiles(files: readonly FoundFile[]): string {
  const listed = files.slice(0, SHOWN).map((file) => `  ${file.path}`);
  const more = files.length > SHOWN ? [`  and ${files.length - SHOWN} more`] : [];
  return [...listed, ...more, remedy(files)].join("\n");
}

function remedy(files: readonly FoundFile[]): string {
  const [plainest] = [...files].sort((a, b) => cost(a) - cost(b));
  if (plainest === undefined) return "";
  const keys = [...new Set(files.flatMap(({ name }) => [...name.entities.keys()]))];
  const differing = keys.filter((key) => new Set(files.map(({ name }) => name.entities.get(key))).size > 1);
  const { entities, extension } = plainest.name;
  const has = differing.filter((key) => entities.has(key)).map((key) => `${key}: ${JSON.stringify(entities.get(key))}`);
  const lacks = differing.filter((key) => !entities.has(key)).map((key) => `${key}: ".*"`);
  const options = [
    ...(files.some(({ name }) => name.extension !== extension) ? [`extension: ${JSON.stringify(extension)}`] : []),
    ...(has.length > 0 ? [`withEntities: { ${has.join(", ")} }`] : []),
    ...(lacks.length > 0 ? [`withoutEntities: { ${lacks.join(", ")} }`] : []),
  ];
  if (options.length === 0) return "Make the type narrower, or keep one of them.";
  return `Make the type narrower. One of them is selected by ${options.join(", ")}.`;
}

/** Few entities, and the extension that most images have, are what is meant most often. */
function cost({ name }: FoundFile): number {
  return name.entities.size * 2 + (name.extension === ".nii.gz" ? 0 : 1);
}
