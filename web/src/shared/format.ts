// Numbers and times as people read them. What is not known is a dash, never 0.

export const unknown = "–";

// Made once: to make one takes longer than to use it a hundred times.
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const made = new Map<string, Intl.NumberFormat>();

/** So many significant digits; at least so many, too, if the number is to be as wide whatever it is. */
function significant(most: number, least = 1): Intl.NumberFormat {
  const key = `${least} ${most}`;
  let format = made.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat("en", { minimumSignificantDigits: least, maximumSignificantDigits: most });
    made.set(key, format);
  }
  return format;
}

type Maybe = number | null | undefined;

const isNumber = (x: Maybe): x is number => typeof x === "number" && Number.isFinite(x);

/** A score or difference with its sign: +0.537, −0.160, 0.000. */
export function signed(x: Maybe, digits = 3) {
  if (!isNumber(x)) return unknown;
  const size = Math.abs(x).toFixed(digits);
  if (Number(size) === 0) return size;
  return (x < 0 ? "−" : "+") + size;
}

/** A sentence that was made for a terminal, with the minus signs that all numbers of the pages have. */
export const typeset = (sentence: string) => sentence.replace(/(^|[\s([])-(?=\d)/g, "$1−");

/** A share from 0 to 1: 0.917. */
export function share(x: Maybe, digits = 3) {
  return isNumber(x) ? x.toFixed(digits) : unknown;
}

/** A whole number in groups of three: 1,284,300. */
export function count(n: Maybe) {
  return isNumber(n) ? whole.format(n) : unknown;
}

/** "1 frame", "2 frames". */
export function plural(n: number, one: string, many = one + "s") {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A loss, whose scale is the learner's own: so many significant digits, the last of them though it is 0. */
export const loss = (x: Maybe, digits = 4) => scaled(x, significant(digits, digits));

/** A loss at an axis, where nothing stands that says nothing: 0.69. */
export const tick = (x: Maybe) => scaled(x, significant(4));

function scaled(x: Maybe, format: Intl.NumberFormat): string {
  if (!isNumber(x)) return unknown;
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text = size < 1e-4 || size >= 1e7 ? size.toExponential(2) : format.format(size);
  return x < 0 ? "−" + text : text;
}

/** A price as the venue quotes it, to ten significant digits. */
export function price(x: Maybe) {
  return isNumber(x) ? significant(10).format(x) : unknown;
}

/** A rate with one digit behind the point: 24.6. */
export function rate(x: Maybe) {
  return isNumber(x) ? tenths.format(x) : unknown;
}

/** How long, in the two largest units: 48 s, 4 min 10 s, 2 h 14 min, 6 d 4 h. */
export function duration(seconds: Maybe) {
  if (!isNumber(seconds)) return unknown;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 600) return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return two(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
}

const two = (a: number, unitA: string, b: number, unitB: string) => (b === 0 ? `${a} ${unitA}` : `${a} ${unitA} ${b} ${unitB}`);

/** How old, where less than a second is now. */
export function age(seconds: Maybe) {
  if (!isNumber(seconds)) return unknown;
  return seconds < 1 ? "now" : duration(seconds);
}

/** The time of day of Unix seconds, in UTC: 21:46:31. */
export function clockTime(unix: Maybe) {
  return isNumber(unix) ? new Date(unix * 1000).toISOString().slice(11, 19) : unknown;
}

/** Date and time of Unix seconds, in UTC: 2026-03-01 21:46:31. */
export function dateTime(unix: Maybe) {
  return isNumber(unix) ? new Date(unix * 1000).toISOString().slice(0, 19).replace("T", " ") : unknown;
}
