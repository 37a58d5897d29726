import type { BegunAnswer, Renamer } from "../renamer.ts";
import { eventData } from "../sse/event-data.ts";
import { isNamed } from "../sse/event-scan.ts";

type Started = { sequence_number?: unknown; response?: { id?: unknown } | null };

/**
 * For Responses, after the gateway began one while its client waited: the upstream's own
 * `response.created` is dropped, its id gives way to ours wherever it stands, and sequence numbers
 * go on from ours. The rest of an event keeps its bytes.
 */
export function createResponseRenamer(begun: BegunAnswer): Renamer {
  const ours = JSON.stringify(begun.id);
  let upstreamId: string | null = null;
  let theirs = "";
  let offset = begun.events;

  function learn(event: string): void {
    const data = parse(Buffer.from(eventData(event), "latin1").toString());
    const id = data?.response?.id;
    if (typeof id !== "string") return;
    upstreamId = id;
    theirs = JSON.stringify(id);
    // What is dropped had a number: the next one follows ours without a gap.
    const first = Number(data?.sequence_number ?? 0);
    if (isNamed(event, "response.created")) offset = begun.events - first - 1;
  }

  return {
    get upstreamId() {
      return upstreamId;
    },
    rename(event) {
      if (upstreamId === null) learn(event);
      if (isNamed(event, "response.created")) return "";
      const named = upstreamId === null ? event : event.replaceAll(theirs, ours);
      return offset === 0 ? named : renumbered(named, offset);
    },
  };
}

/** An id stands in the first events, or nowhere. */
const mostRead = 3;

/**
 * Changes nothing, and learns the upstream's id: an error that the gateway adds at the end must be
 * of the same response, or OpenAI's helper raises that it is not.
 */
export function createResponseReader(): Renamer {
  let upstreamId: string | null = null;
  let read = 0;
  return {
    get upstreamId() {
      return upstreamId;
    },
    rename(event) {
      if (upstreamId !== null || read >= mostRead || event.startsWith(":")) return event;
      read += 1;
      const id = parse(Buffer.from(eventData(event), "latin1").toString())?.response?.id;
      if (typeof id === "string") upstreamId = id;
      return event;
    },
  };
}

const numberKey = '"sequence_number":';

/** A text cannot hold the key: its quotes would be escaped there. */
function renumbered(event: string, offset: number): string {
  const at = event.indexOf(numberKey);
  if (at < 0) return event;
  let start = at + numberKey.length;
  while (event.charCodeAt(start) === 0x20) start += 1;
  let end = start;
  while (event.charCodeAt(end) >= 0x30 && event.charCodeAt(end) <= 0x39) end += 1;
  if (end === start) return event;
  return (
    event.slice(0, start) + String(Number(event.slice(start, end)) + offset) + event.slice(end)
  );
}

function parse(text: string): Started | null {
  try {
    return JSON.parse(text) as Started | null;
  } catch {
    return null;
  }
}
