import { findTopLevel } from "../json/json-scan.ts";
import type { Renamer } from "../renamer.ts";

/** Where the JSON begins of an event that begins with another field (`event:`, `id:`); -1 for none. */
function afterFields(event: string): number {
  const line = event.indexOf("\ndata:");
  return line < 0 ? -1 : event.indexOf("{", line);
}

/** For chat and text completions: each event has the id at its top level. */
export function createTopLevelRenamer(id: string): Renamer {
  return new TopLevelRenamer(id);
}

// A class: an object with a getter of its own would be made four times as slowly.
class TopLevelRenamer implements Renamer {
  readonly #ours: string;
  #learnt: { bytes: string; replacement: string } | null = null;
  #upstreamId: string | null = null;

  constructor(id: string) {
    this.#ours = JSON.stringify(id);
  }

  get upstreamId(): string | null {
    return this.#upstreamId;
  }

  rename(event: string): string {
    let at = this.#placeIn(event);
    if (at < 0 && this.#learn(event)) at = this.#placeIn(event);
    if (at < 0 || this.#learnt === null) return event;
    const { bytes, replacement } = this.#learnt;
    return event.slice(0, at) + replacement + event.slice(at + bytes.length);
  }

  #placeIn(event: string): number {
    return this.#learnt === null ? -1 : event.indexOf(this.#learnt.bytes);
  }

  /**
   * The exact bytes of `"id":"…"`, found by the scanner once and by a plain search from then on.
   */
  #learn(event: string): boolean {
    const start = event.startsWith("data:") ? event.indexOf("{") : afterFields(event);
    if (start < 0) return false;
    const range = findTopLevel(Buffer.from(event.slice(start), "latin1"), "id")[0];
    if (range === undefined) return false;
    const value = event.slice(start + range.start, start + range.end);
    const key = event.lastIndexOf('"id"', start + range.start);
    const lead = event.slice(key, start + range.start);
    this.#learnt = { bytes: lead + value, replacement: lead + this.#ours };
    this.#upstreamId ??= value.replaceAll('"', "");
    return true;
  }
}
