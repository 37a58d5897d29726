/** Judges one stream while it arrives. */
export type StreamCheck = {
  /** Takes bytes of the body; returns how many chunks ended in them. */
  take(bytes: Buffer): number;
  /** Null where it had exactly the chunks asked for and `[DONE]`, else what was wrong. */
  fault(): string | null;
};

/** Stands in each chunk of the mock, before the microseconds of its sending. */
const marker = '"t=';

/** The digits of the mock's clock. */
export const clockDigits = 16;

/** The clock that mock and load share: microseconds, the same for all processes of a machine. */
export function clockUs(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e6 + Math.floor(nanos / 1e3);
}

/** Begins to judge a stream of `expected` chunks; each `transit` is told in microseconds. */
export function createStreamCheck(
  expected: number,
  onTransit: (microseconds: number) => void,
): StreamCheck {
  let rest = "";
  let chunks = 0;
  let done = false;
  return {
    take(bytes) {
      const text = rest + bytes.toString("latin1");
      const whole = text.lastIndexOf("\n") + 1;
      rest = text.slice(whole);
      let found = 0;
      let at = text.indexOf(marker);
      while (at >= 0 && at < whole) {
        found++;
        // The last is read: its wait holds that of all before it, and a clock for each costs CPU.
        if (chunks + found === expected) {
          const from = at + marker.length;
          onTransit(clockUs() - Number(text.slice(from, from + clockDigits)));
        }
        at = text.indexOf(marker, at + marker.length);
      }
      chunks += found;
      const end = text.indexOf("data: [DONE]");
      if (end >= 0 && end < whole) done = true;
      return found;
    },
    fault() {
      if (chunks === expected && done) return null;
      return `a stream had ${chunks} of ${expected} chunks, ${done ? "and" : "no"} [DONE]`;
    },
  };
}
