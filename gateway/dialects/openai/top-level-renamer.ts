import { findTopLevel } from "../json/json-scan.ts";
import type { Renamer } from "../renamer.ts";

/** Where the JSON begins of an event that begins with another field (`event:`, `id:`); -1 for none. */
function afterFields(event: string): number {
  const line = event.indexOf("\ndata:");
  return line < 0 ? -1 : event.indexOf("{", line);
}

/** For chat and text completions: each event has the id at its top level. */
export function createTopLevelRenamer(id: string): Renamer {
  const ours = JSON.stringify(id);
  let learnt: { bytes: string; replacement: string } | null = null;
  let upstreamId: string | null = null;

  /**
   * The exact bytes of `"id":"…"`, found by the scanner once and by a plain search from then on.
   */
  function learn(event: string): boolean {
    const start = event.startsWith("data:") ? event.indexOf("{") : afterFields(event);
    if (start < 0) return false;
    const range = findTopLevel(Buffer.from(event.slice(start), "latin1"), "id")[0];
    if (range === undefined) return false;
    const value = event.slice(start + range.start, start + range.end);
    const key = event.lastIndexOf('"id"', start + range.start);
    const lead = event.slice(key, start + range.start);
    learnt = { bytes: lead + value, replacement: lead + ours };
    upstreamId ??= value.replaceAll('"', "");
    return true;
  }

  return {
    get upstreamId() {
      return upstreamId;
    },
    rename(event) {
      let at = learnt === null ? -1 : event.indexOf(learnt.bytes);
      if (at < 0 && learn(event) && learnt !== null) at = event.indexOf(learnt.bytes);
      if (at < 0 || learnt === null) return event;
      return event.slice(0, at) + learnt.replacement + event.slice(at + learnt.bytes.length);
    },
  };
}
