import fc from "fast-check";
import { expect, test } from "vitest";
import { createAnswerReader } from "./answer-reader.ts";

/** Two answers on one connection: chunked with a trailer, then with a length, which closes. */
const wire = Buffer.from(
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "5\r\nhello\r\n1\r\n \r\n5;x=y\r\nworld\r\n0\r\nx: y\r\n\r\n" +
    "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone",
);

function read(parts: readonly Buffer[]): unknown[] {
  const seen: unknown[] = [];
  let body = "";
  const reader = createAnswerReader({
    head: (status) => seen.push(status),
    body: (bytes) => {
      body += bytes.toString();
    },
    end: (reusable) => {
      seen.push(body, reusable);
      body = "";
    },
  });
  for (const part of parts) reader.feed(part);
  return seen;
}

test("answers are the same wherever the packets end", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: wire.length - 1 }));
  fc.assert(
    fc.property(cuts, (places) => {
      const ends = [...places.toSorted((a, b) => a - b), wire.length];
      const parts = ends.map((end, i) => wire.subarray(ends[i - 1] ?? 0, end));
      expect(read(parts)).toEqual([200, "hello world", true, 404, "gone", false]);
    }),
  );
});

test("what is not HTTP is an error, not an endless wait", () => {
  expect(() => read([Buffer.from("220 mail ready\r\n\r\n")])).toThrow("HTTP/1.1");
  expect(() => read([Buffer.from("HTTP/1.1 200 OK\r\n\r\n")])).toThrow("length");
});
