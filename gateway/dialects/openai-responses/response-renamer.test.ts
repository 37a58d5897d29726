import { describe, expect, it } from "vitest";
import { recordedEvents } from "../../test/fixtures/recorded.ts";
import { createResponseReader, createResponseRenamer } from "./response-renamer.ts";

const begun = { id: "resp_ours", events: 4 };
const event = (type: string, more: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;

describe("a response that the gateway began", () => {
  it("goes on under its own id, without the upstream's beginning", () => {
    const renamer = createResponseRenamer(begun);
    const events = recordedEvents("responses-stream");
    const out = events.map((one) => renamer.rename(one)).join("");
    const theirs = renamer.upstreamId ?? "";
    expect(theirs).toMatch(/^resp_/);
    expect(out).not.toContain("response.created");
    expect(out).not.toContain(theirs);
    expect(out).toBe(events.slice(1).join("").replaceAll(theirs, "resp_ours"));
  });

  it("has numbers that go on from ours", () => {
    const renamer = createResponseRenamer(begun);
    const response = { id: "resp_up" };
    const numbers = [
      event("response.created", { sequence_number: 0, response }),
      event("response.in_progress", { sequence_number: 1, response }),
      event("response.output_text.delta", { delta: '"sequence_number":1', sequence_number: 2 }),
    ].map((one) => /"sequence_number":(\d+)/.exec(renamer.rename(one))?.[1]);
    expect(numbers).toEqual([undefined, "4", "5"]);
  });

  it("leaves alone what a model says, even where it says the id", () => {
    const renamer = createResponseRenamer(begun);
    renamer.rename(event("response.created", { response: { id: "resp_up" } }));
    const said = event("response.output_text.delta", { delta: 'It is "resp_up".' });
    expect(renamer.rename(said)).toBe(said);
  });

  it("needs no beginning of the upstream's", () => {
    const renamer = createResponseRenamer(begun);
    const first = event("response.in_progress", { sequence_number: 0, response: { id: "u" } });
    expect(renamer.rename(first)).toContain('"sequence_number":4,"response":{"id":"resp_ours"}');
  });
});

describe("a response that the upstream began", () => {
  it("keeps its bytes, and its id is known: an error at its end must be of the same response", () => {
    const reader = createResponseReader();
    const events = [": hi\n\n", event("response.created", { response: { id: "resp_up" } })];
    expect(events.map((one) => reader.rename(one))).toEqual(events);
    expect(reader.upstreamId).toBe("resp_up");
  });
});
