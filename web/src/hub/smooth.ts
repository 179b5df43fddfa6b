// A moving average for lines that are too noisy to see where they go.

/** The seconds after which a value counts for 1/e of what it did. */
export const fades = 15;

/** Averages what came so far, the newest weighing most. It begins anew after each null: what was not seen is not made up. */
export function smooth(times: readonly number[], values: readonly (number | null)[]): (number | null)[] {
  let sum = 0, weight = 0;
  return values.map((value, i) => {
    const left = Math.exp(((times[i - 1] ?? 0) - (times[i] ?? 0)) / fades);
    sum = value === null ? 0 : sum * left + value;
    weight = value === null ? 0 : weight * left + 1;
    return value === null ? null : sum / weight;
  });
}
