import { realpathSync } from "node:fs";
import { GatewayError } from "../errors.ts";
import type { RosterView } from "../roster.ts";
import { damageOf } from "./database.ts";
import { leaveFile, setAside } from "./leave-file.ts";
import { type LedgerFile, openLedgerFile } from "./ledger-file.ts";
import type { Row } from "./row.ts";
import type { RefusedRow } from "./row-writer.ts";

export type LedgerFilesOptions = {
  file: string;
  running: RosterView<Row>;
  /** What is done with a damaged file: the start fails, or a new one is begun. */
  ifDamaged: "stop" | "new";
  onTrouble: (message: string) => void;
  /** Rows can be written again, after a time in which they could not. */
  onReady: () => void;
};

const noFile = "the ledger has no file at the moment";

/**
 * The file that the ledger writes to, and the next one if that is deleted, moved, replaced or
 * damaged. While there is none, `write` throws, so that rows wait in the spool.
 */
export class LedgerFiles {
  readonly #options: LedgerFilesOptions;
  readonly #path: string;
  #open: LedgerFile | null;
  /** Why nothing is written now. */
  #halted: string | null = null;
  #isDamaged = false;
  #attending: Promise<void> | null = null;
  /** What the last look saw at the path. */
  #seen: string = "same";
  #notice: string | null = null;
  #trouble: string | null = null;

  /** Throws an Error with one line if the file cannot be used. */
  constructor(options: LedgerFilesOptions) {
    this.#options = options;
    this.#open = this.#openOrBegin(options.file);
    this.#path = this.#open.path;
  }

  /** The open file. Throws a GatewayError (503) while there is none. */
  get open(): LedgerFile {
    if (this.#open !== null) return this.#open;
    throw new GatewayError("ledger_busy", "The ledger is busy. Try again in a few seconds.", {
      headers: { "retry-after": "5" },
    });
  }

  /** Why rows cannot be written; null if they can. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** What became of an earlier file, with the time; null if nothing did. */
  get notice(): string | null {
    return this.#notice;
  }

  write(rows: readonly Row[]): RefusedRow[] {
    if (this.#halted !== null || this.#open === null) throw new Error(this.#halted ?? noFile);
    try {
      return this.#open.write(rows);
    } catch (error) {
      const damage = damageOf(error);
      if (damage === null) throw error;
      this.#isDamaged = true;
      throw new Error(damage, { cause: error });
    }
  }

  /**
   * Looks at the file, and goes on in another one if need be: when two looks in a row have seen the
   * same, or at once for the last look. Never rejects.
   */
  look(isLast: boolean = false): Promise<void> {
    this.#attending ??= this.#attend(isLast).finally(() => {
      this.#attending = null;
    });
    return this.#attending;
  }

  async close(): Promise<void> {
    await this.#open?.close();
    this.#open = null;
  }

  async #attend(isLast: boolean): Promise<void> {
    const open = this.#open;
    const fate = open?.fate();
    const startsAnew = this.#isDamaged && this.#options.ifDamaged === "new";
    const before = this.#seen;
    this.#seen = fate?.path ?? "nothing";
    if (open !== null && fate?.path === "same" && !startsAnew) {
      this.#trouble = null;
      return;
    }
    // Somebody may be about to put another file there.
    if (open !== null && !startsAnew && !isLast && this.#seen !== before) return;
    this.#halted = "the ledger's file was deleted, moved, replaced or damaged; another is prepared";
    try {
      const words = open === null || fate === undefined ? null : await this.#leave(open, fate);
      this.#open = this.#openOrBegin(this.#path);
      this.#isDamaged = false;
      this.#trouble = null;
      if (words !== null) this.#tell(words);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.#trouble) this.#options.onTrouble(`the ledger: ${reason}`);
      this.#trouble = reason;
    } finally {
      this.#halted = null;
      this.#options.onReady();
    }
  }

  async #leave(open: LedgerFile, fate: ReturnType<LedgerFile["fate"]>): Promise<string> {
    if (fate.path !== "same") {
      const words = await leaveFile(open, fate, Date.now());
      this.#open = null;
      return words;
    }
    this.#open = null;
    await open.close().catch(() => {
      // A damaged file may not even close well; it is left as it is.
    });
    for (const row of this.#options.running.values()) row.stored = false;
    return setAside(this.#path, Date.now());
  }

  #openOrBegin(file: string): LedgerFile {
    const { running, ifDamaged, onTrouble } = this.#options;
    try {
      return openLedgerFile(file, running, onTrouble);
    } catch (error) {
      const cause = error instanceof Error ? error.cause : null;
      if (ifDamaged !== "new" || damageOf(cause) === null) throw error;
      const path = realpathSync(file);
      const words = setAside(path, Date.now());
      const begun = openLedgerFile(path, running, onTrouble);
      this.#tell(words);
      return begun;
    }
  }

  #tell(words: string): void {
    this.#notice = `${new Date().toISOString()}: ${words}`;
    this.#options.onTrouble(`the ledger: ${words}`);
  }
}
