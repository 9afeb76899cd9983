/** How often modules have been added, or hooks come or gone, on this thread: what was found out about a chain of layers holds until the next time. */
let version = 0;

export function structureVersion(): number {
  return version;
}
export function structureChanged(): void {
  version++;
}
