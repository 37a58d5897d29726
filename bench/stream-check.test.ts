import fc from "fast-check";
import { expect, test } from "vitest";
import { writeStream } from "./mock-answers.ts";
import { createStreamCheck } from "./stream-check.ts";

/** The body of a stream of the mock, without its chunked frames. */
function bodyOf(tokens: number): string {
  let raw = "";
  writeStream(tokens, true, (text) => {
    raw += text;
  });
  return raw
    .slice(raw.indexOf("\r\n\r\n") + 4)
    .split("\r\n")
    .filter((_, i) => i % 2 === 1)
    .join("");
}

function faultOf(parts: readonly string[], expected: number): string | null {
  const check = createStreamCheck(expected, () => undefined);
  for (const part of parts) check.take(Buffer.from(part));
  return check.fault();
}

test("a whole stream of the mock has no fault, wherever its packets end", () => {
  const body = bodyOf(4);
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: body.length - 1 })), (places) => {
      const ends = [...places.toSorted((a, b) => a - b), body.length];
      expect(
        faultOf(
          ends.map((end, i) => body.slice(ends[i - 1] ?? 0, end)),
          4,
        ),
      ).toBeNull();
    }),
  );
});

test("a missing chunk, one too many and a missing end are faults", () => {
  expect(faultOf([bodyOf(3)], 4)).toContain("3 of 4 chunks");
  expect(faultOf([bodyOf(5)], 4)).toContain("5 of 4 chunks");
  expect(faultOf([bodyOf(4).replace("[DONE]", "")], 4)).toContain("no [DONE]");
});

test("the way of the last chunk is timed", () => {
  const times: number[] = [];
  const check = createStreamCheck(4, (us) => times.push(us));
  check.take(Buffer.from(bodyOf(4)));
  expect(times).toHaveLength(1);
  expect(times[0]).toBeGreaterThanOrEqual(0);
});
