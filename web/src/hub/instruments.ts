// What the names of asset spaces mean, where they follow the venue's own.

const kinds: [RegExp, (found: RegExpMatchArray) => string][] = [
  [/^(?:V|R_|VOL)(\d+)$/i, ([, n]) => `Volatility ${n}`],
  [/^(?:V|R_|VOL)(\d+)_?\(?1s\)?$/i, ([, n]) => `Volatility ${n} (1s)`],
  [/^1HZ(\d+)V$/i, ([, n]) => `Volatility ${n} (1s)`],
  [/^CRASH_?(\d+)N?$/i, ([, n]) => `Crash ${n}`],
  [/^BOOM_?(\d+)N?$/i, ([, n]) => `Boom ${n}`],
  [/^JUMP_?(\d+)$|^JD(\d+)$/i, ([, a, b]) => `Jump ${a ?? b}`],
  [/^(?:STEP|STPRNG|STEP_?INDEX)$/i, () => "Step Index"],
  [/^RDBULL$/i, () => "Bull Market"],
  [/^RDBEAR$/i, () => "Bear Market"],
];

/** The instrument that a space is called after, "" for none that we know. */
export function instrument(name: string): string {
  for (const [pattern, say] of kinds) {
    const found = name.match(pattern);
    if (found) return say(found);
  }
  return "";
}

/** An accuracy from which on one of Crash or Boom says nothing. */
const nearlyAlways = 0.9;

/** The ticks between two jumps, on average, of a Crash or Boom index; null for others. */
export function jumpEvery(name: string): number | null {
  const found = name.match(/^(CRASH|BOOM)_?(\d+)N?$/i);
  const every = Number(found?.[2]);
  return every >= 2 ? every : null;
}

/**
 * Why an accuracy says nothing, "" where it may say something. A Crash index
 * rises on every tick but one in so many, a Boom index falls: whoever always says
 * that is nearly always right, and has learned nothing.
 */
export function emptyAccuracy(name: string, accuracy: number | null): string {
  const every = jumpEvery(name);
  if (every === null || accuracy === null || accuracy < nearlyAlways) return "";
  const crash = /^CRASH/i.test(name);
  return `${instrument(name)} ${crash ? "rises" : "falls"} on all but about one tick in ${every}, so whoever always says ${crash ? "up" : "down"} is right ${(100 * (1 - 1 / every)).toFixed(1)} % of the time. This accuracy is no sign of skill, and the score built on it says nothing.`;
}
