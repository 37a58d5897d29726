/** Takes what is unknown of a request to be like the latest requests. */
export type Typical = { read(): number; learn(value: number): void };

/** A mean in which each new value counts a tenth. */
export function createTypical(first: number): Typical {
  let mean = first;
  return {
    read: () => mean,
    learn(value) {
      mean += (value - mean) / 10;
    },
  };
}
