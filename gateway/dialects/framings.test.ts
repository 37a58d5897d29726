import { expect, it } from "vitest";
import { type DialectName, dialects } from "./all.ts";
import { framingName, framings } from "./framings.ts";
import { geminiFields } from "./gemini/gemini-request.ts";
import { geminiTarget } from "./gemini/gemini-target.ts";

it.each(Object.keys(dialects) as DialectName[])(
  "the framing of %s keeps its form in a thread",
  (name) => {
    const { framing } = dialects[name];
    const found = framingName(framing);
    expect(found === null ? null : framings[found]).toBe(framing);
  },
);

it.each(["?alt=sse", ""])("so does the form that a client of Gemini asks for: %s", (query) => {
  const target = geminiTarget("/v1beta/models/m:streamGenerateContent", query);
  const { framing } = geminiFields(Buffer.from('{"contents":[]}'), target!);
  const found = framingName(framing);
  expect(found === null ? null : framings[found].inPieces).toBe(true);
});
