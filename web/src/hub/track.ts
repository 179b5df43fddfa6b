// Numbers of an asset's training over time.

/** The numbers that have a chart. */
export const series = ["actor_loss", "critic_loss", "avn_loss", "avn_accuracy"] as const;
export type Series = (typeof series)[number];

/** A point: a value that is not known is NaN. */
export type Values = Record<Series, number>;

/** Track is a list of points, oldest first. */
export class Track {
  times: number[] = [];
  readonly #values = new Map<Series, number[]>(series.map((name) => [name, []]));

  get length(): number {
    return this.times.length;
  }

  get first(): number | undefined {
    return this.times[0];
  }

  get last(): number | undefined {
    return this.times[this.times.length - 1];
  }

  values(name: Series): readonly number[] {
    return this.#values.get(name) ?? [];
  }

  push(at: number, point: Values) {
    this.times.push(at);
    for (const [name, values] of this.#values) values.push(point[name]);
  }

  pop() {
    this.times.pop();
    for (const values of this.#values.values()) values.pop();
  }

  /** Takes the oldest point away. */
  shift(): { at: number; point: Values } | undefined {
    const at = this.times.shift();
    if (at === undefined) return undefined;
    const point: Values = { actor_loss: NaN, critic_loss: NaN, avn_loss: NaN, avn_accuracy: NaN };
    for (const [name, values] of this.#values) point[name] = values.shift() ?? NaN;
    return { at, point };
  }

  /** Leaves every second point out, and not the newest. */
  thin() {
    const every = <T>(_: T, i: number, all: T[]) => (all.length - 1 - i) % 2 === 0;
    this.times = this.times.filter(every);
    for (const [name, values] of this.#values) this.#values.set(name, values.filter(every));
  }
}
