import type { Readable, Writable } from "node:stream";
import { ask, askSecret } from "./ask.ts";

/** Where a command runs: the process itself, or what a test gives it. */
export type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Epoch ms. */
  now(): number;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** One line on standard output: what a script reads. */
  out(line: string): void;
  /** One line on standard error: what a person reads. */
  say(line: string): void;
  /** Whether a person can be asked. */
  readonly canAsk: boolean;
  ask(question: string): Promise<string>;
  /** Asks without showing what is typed; from a pipe it reads the first line. */
  askSecret(question: string): Promise<string>;
  readonly screen: Screen;
  /** Ends a live view; null: only the user ends it. */
  readonly signal: AbortSignal | null;
};

/** The terminal that a live view is drawn on. */
export type Screen = {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
};

export function processSurroundings(): Surroundings {
  const { stdin, stdout, stderr } = process;
  return {
    env: process.env,
    cwd: process.cwd(),
    now: Date.now,
    stdin,
    stdout,
    out: (line) => void stdout.write(`${line}\n`),
    say: (line) => void stderr.write(`${line}\n`),
    canAsk: stdin.isTTY === true,
    ask,
    askSecret,
    screen: {
      get isTTY() {
        return stdout.isTTY === true;
      },
      get columns() {
        return stdout.columns || 80;
      },
      get rows() {
        return stdout.rows || 24;
      },
      write: (text) => void stdout.write(text),
    },
    signal: null,
  };
}
