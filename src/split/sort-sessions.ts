/**
 * The order in which NumPy's default `argsort` puts text: quicksort with median of three, insertion sort for short runs, heap
 * sort when it goes too deep. It is not stable, and `make_kfold` of ClinicaDL draws its folds from the rows in
 * that order: the same order is needed for the same folds.
 *
 * Introsort: Musser (1997).
 */
const SHORT_RUN = 15;

/** Indices that sort `keys` by code point. */
export function numpyArgsort(keys: readonly string[]): number[] {
  const order = keys.map((_, i) => i);
  const at = (i: number): number => order[i] as number;
  const key = (i: number): string => keys[at(i)] as string;
  const swap = (i: number, j: number): void => {
    const held = at(i);
    order[i] = at(j);
    order[j] = held;
  };
  const pending: { low: number; high: number; depth: number }[] = [];
  let low = 0;
  let high = keys.length - 1;
  let depth = keys.length > 0 ? (31 - Math.clz32(keys.length)) * 2 : 0;
  for (;;) {
    if (depth < 0) {
      heapSort(order, keys, low, high);
    } else {
      while (high - low > SHORT_RUN) {
        const middle = low + ((high - low) >> 1);
        if (before(key(middle), key(low))) swap(middle, low);
        if (before(key(high), key(middle))) swap(high, middle);
        if (before(key(middle), key(low))) swap(middle, low);
        const pivot = key(middle);
        let i = low;
        let j = high - 1;
        swap(middle, j);
        for (;;) {
          do i++;
          while (before(key(i), pivot));
          do j--;
          while (before(pivot, key(j)));
          if (i >= j) break;
          swap(i, j);
        }
        swap(i, high - 1);
        depth--;
        if (i - low < high - i) {
          pending.push({ low: i + 1, high, depth });
          high = i - 1;
        } else {
          pending.push({ low, high: i - 1, depth });
          low = i + 1;
        }
      }
      for (let i = low + 1; i <= high; i++) {
        const moved = at(i);
        const text = keys[moved] as string;
        let j = i;
        while (j > low && before(text, key(j - 1))) {
          order[j] = at(j - 1);
          j--;
        }
        order[j] = moved;
      }
    }
    const next = pending.pop();
    if (next === undefined) return order;
    ({ low, high, depth } = next);
  }
}

/** Python compares text by code point; JavaScript by UTF-16 unit: they differ only beyond the basic plane. */
export function before(a: string, b: string): boolean {
  if (a === b) return false;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; ) {
    const x = a.codePointAt(i) as number;
    const y = b.codePointAt(i) as number;
    if (x !== y) return x < y;
    i += x > 0xffff ? 2 : 1;
  }
  return a.length < b.length;
}

/** Sorts part of `order`, in the way of NumPy's `aheapsort`. */
function heapSort(order: number[], keys: readonly string[], low: number, high: number): void {
  const n = high - low + 1;
  const get = (i: number): number => order[low + i - 1] as number;
  const set = (i: number, value: number): void => {
    order[low + i - 1] = value;
  };
  const less = (a: number, b: number): boolean => before(keys[a] as string, keys[b] as string);
  const sift = (start: number, size: number, value: number): void => {
    let i = start;
    for (let j = i * 2; j <= size; j *= 2) {
      if (j < size && less(get(j), get(j + 1))) j++;
      if (!less(value, get(j))) break;
      set(i, get(j));
      i = j;
    }
    set(i, value);
  };
  for (let l = n >> 1; l > 0; l--) sift(l, n, get(l));
  for (let size = n; size > 1; ) {
    const value = get(size);
    set(size, get(1));
    size--;
    sift(1, size, value);
  }
}
