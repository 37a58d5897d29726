import { createHash } from "node:crypto";

/** What has happened, in order, and which rules were broken. */
export class SimHistory {
  readonly lines: string[] = [];
  readonly faults: string[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  note(text: string): void {
    this.lines.push(`${this.#now().toFixed(2).padStart(9)} ${text}`);
  }

  /** A rule was broken. */
  fault(text: string): void {
    this.faults.push(`at ${this.#now().toFixed(0)} ms: ${text}`);
    this.note(`FAULT ${text}`);
  }

  /** Two runs with the same hash went the same way. */
  hash(): string {
    return createHash("sha256").update(this.lines.join("\n")).digest("hex");
  }
}
