// A scale of powers of ten for numbers of either sign: straight around 0, so that
// a loss that is negative, or 0, has its place.

/** Numbers nearer to 0 than this are not told apart by powers of ten. */
export const straight = 1e-3;

/** What a chart shows of values from low to high, with some room on either side. */
export function stretch(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const [from, to] = [Math.asinh(low / straight), Math.asinh(high / straight)];
  const room = Math.max(0.08 * (to - from), 0.1);
  return [straight * Math.sinh(from - room), straight * Math.sinh(to + room)];
}

/** Where the lines of such a scale stand: at powers of ten, and at 2 and 5 times these where there are few. */
export function ticks(low: number, high: number): number[] {
  const decades = Array.from({ length: 24 }, (_, i) => straight * 10 ** i);
  for (const times of [[1], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    const sizes = decades.flatMap((power) => times.map((n) => Number((n * power).toPrecision(3))));
    const found = [...sizes.map((v) => -v).reverse(), 0, ...sizes].filter((v) => v >= low && v <= high);
    if (found.length >= 3) return thinned(found);
  }
  return [0, 1, 2, 3].map((i) => Number((low + ((high - low) * (i + 0.5)) / 4).toPrecision(3)));
}

const most = 7;

/** Leaves 0 in, if it is there. */
function thinned(found: number[]): number[] {
  const every = Math.ceil(found.length / most);
  const from = Math.max(0, found.indexOf(0));
  return found.filter((_, i) => (i - from) % every === 0);
}
