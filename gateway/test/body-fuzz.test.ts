import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestGateway, until } from "./support/harness.ts";
import { mutated, mutation } from "./support/mutation.ts";
import { requestSample, requestSamples } from "./support/request-samples.ts";
import { families, startThreeFamilies } from "./support/three-families.ts";

// Good bodies of each dialect, changed as JSON, then as text, then as bytes, to three families.
// FUZZ_SEED repeats a run; FUZZ_RUNS makes it longer.

const seed = Number(process.env.FUZZ_SEED ?? 7);
const numRuns = Number(process.env.FUZZ_RUNS ?? 300);
const timeLimit = 120_000 + numRuns * 50;

type Sent = { readonly bytes: Buffer; readonly encoding?: string };

/** Changes the text of a JSON object; `at` is a place from 0 to 1, `odd` is JSON. */
const textChanges: Record<string, (text: string, at: number, odd: string) => string> = {
  none: (text) => text,
  cut: (text, at) => text.slice(0, Math.floor(text.length * at)),
  "two of a key": (text, at, odd) => {
    const keys = [...text.matchAll(/"\w+":/g)];
    const key = keys[Math.floor(keys.length * at)];
    if (key === undefined) return text;
    return `${text.slice(0, key.index)}${key[0]}${odd},${text.slice(key.index)}`;
  },
  deep: (text, at) => {
    const depth = Math.floor(20_000 * at);
    return text.replace(/"(hi|a|q)"/, "[".repeat(depth) + "]".repeat(depth));
  },
  "deep and open": (text, at) => `${text.slice(0, -1)},"x":${'{"a":['.repeat(5000 * at)}`,
  "huge numbers": (text, at) => {
    const numbers = ["1e999", "-1e999", "1e-400", "-0", "9".repeat(400), "01", "NaN", "1e308"];
    return text.replace(/\b\d+\b/g, numbers[Math.floor(numbers.length * at)] ?? "0");
  },
  "half a character": (text) => text.replace(/"(hi|s|a)"/g, '"\\ud83d\\u0000"'),
  "names of Object": (text, _at, odd) =>
    `{"__proto__":${odd},"constructor":${odd},"toString":${odd},${text.slice(1)}`,
  "more behind": (text) => `${text}{}`,
  "no object": (_text, _at, odd) => odd,
};

const inserts = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80], [0], [0xef, 0xbb, 0xbf]];

/** Changes the bytes, or packs them. */
const byteChanges: Record<string, (bytes: Buffer, at: number) => Sent> = {
  none: (bytes) => ({ bytes }),
  "odd UTF-8": (bytes, at) => {
    const place = Math.floor(bytes.length * at);
    const odd = Buffer.from(inserts[place % inserts.length] ?? []);
    return { bytes: Buffer.concat([bytes.subarray(0, place), odd, bytes.subarray(place)]) };
  },
  "UTF-16": (bytes) => ({ bytes: Buffer.from(bytes.toString(), "utf16le") }),
  gzip: (bytes) => ({ bytes: gzipSync(bytes), encoding: "gzip" }),
  deflate: (bytes) => ({ bytes: deflateSync(bytes), encoding: "deflate" }),
  br: (bytes) => ({ bytes: brotliCompressSync(bytes), encoding: "br" }),
  "gzip cut": (bytes, at) => {
    const packed = gzipSync(bytes);
    return { bytes: packed.subarray(0, Math.floor(packed.length * at)), encoding: "gzip" };
  },
  "gzip in name only": (bytes) => ({ bytes, encoding: "gzip" }),
  "gzip untold": (bytes) => ({ bytes: gzipSync(bytes) }),
  "gzip twice": (bytes) => ({ bytes: gzipSync(gzipSync(bytes)), encoding: "gzip, gzip" }),
};

/** Most often "none", so that a change of one layer is often seen alone. */
const nameOf = (changes: object): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant("none") },
    { weight: 1, arbitrary: fc.constantFrom(...Object.keys(changes)) },
  );

const request = fc.record({
  to: fc.constantFrom(...Object.keys(requestSamples)),
  model: fc.constantFrom(...families),
  stream: fc.boolean(),
  changes: fc.array(mutation, { maxLength: 3 }),
  text: nameOf(textChanges),
  bytes: nameOf(byteChanges),
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startThreeFamilies();
});
afterAll(() => gateway.stop());

async function expectAllGivenBack(): Promise<void> {
  await until(async () => {
    const { line } = await gateway.health();
    return line.active === 0 && line.waiting === 0;
  }, "all slots are free");
  await until(() => gateway.rows().every(({ state }) => state !== "open"), "all rows are closed");
}

it.each([
  ["/v1/chat/completions"],
  ["/v1/messages"],
  ["/v1/responses"],
  ["/api/chat"],
  ["/v1beta/models/MODEL:generateContent"],
])("the unchanged body of %s is answered by each family", async (to) => {
  for (const model of families) {
    const { path, body } = requestSample(to, model, false);
    const response = await gateway.post(path, body);
    expect([model, response.status, await response.text()]).toEqual([
      model,
      200,
      expect.any(String),
    ]);
  }
});

it(
  "no body makes a 500, a slot that is not given back, or a row that stays open",
  async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ to, model, stream, changes, text, bytes, at }) => {
        const { path, body } = requestSample(to, model, stream);
        const json = JSON.stringify(changes.reduce<unknown>(mutated, body));
        const odd = JSON.stringify(changes[0]?.odd ?? null);
        const changed = Buffer.from(textChanges[text]?.(json, at, odd) ?? json);
        const sent: Sent = byteChanges[bytes]?.(changed, at) ?? { bytes: changed };
        const response = await gateway.post(path, sent.bytes, {
          headers: sent.encoding === undefined ? {} : { "content-encoding": sent.encoding },
        });
        const answer = await response.text();
        expect(response.status).not.toBe(500);
        expect(answer).not.toContain("The gateway failed");
      }),
      { seed, numRuns },
    );
    await expectAllGivenBack();
  },
  timeLimit,
);
