// The interval of Wilson (1927) for a share, at any level.

/** The share of won in n with its interval, which is wrong with a chance of level; null without one. */
export function wilson(won: number, n: number, level: number): { rate: number; low: number; high: number } | null {
  if (!(n > 0) || !(level > 0 && level < 1)) return null;
  const rate = won / n, z = quantile(1 - level / 2);
  const middle = rate + (z * z) / (2 * n), half = z * Math.sqrt((rate * (1 - rate)) / n + (z * z) / (4 * n * n)), whole = 1 + (z * z) / n;
  return { rate, low: Math.max(0, (middle - half) / whole), high: Math.min(1, (middle + half) / whole) };
}

/** The standard normal quantile of p, by halving: its distribution is easier to have than its inverse. */
function quantile(p: number): number {
  let low = -9, high = 9;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (distribution(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The standard normal distribution, to 12 digits in the middle: the series of Marsaglia (2004). */
function distribution(x: number): number {
  if (x < -8) return 0;
  if (x > 8) return 1;
  let sum = x, term = x;
  for (let i = 3; Math.abs(term) > 1e-16 && i < 300; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}
