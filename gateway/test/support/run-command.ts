import { PassThrough, type Readable, type Writable } from "node:stream";
import type { Command } from "../../cli/frame/command.ts";
import type { Surroundings } from "../../cli/frame/surroundings.ts";

/** What a command printed, and its exit status. */
export type Ran = { status: number; out: string; said: string };

export type Given = Partial<Surroundings> & {
  /** What a person at the terminal answers to every question; without it nobody can be asked. */
  answer?: string;
};

/** Runs a command in surroundings of the test's own: no variables, nobody at the terminal. */
export async function runCommand(
  command: Command,
  argv: readonly string[],
  { answer, ...given }: Given = {},
): Promise<Ran> {
  const out: string[] = [];
  const said: string[] = [];
  const ask = async (question: string): Promise<string> => {
    said.push(question);
    return answer ?? "";
  };
  const stdin: Readable = new PassThrough();
  const stdout: Writable = new PassThrough();
  const status = await command.run(argv, {
    env: {},
    cwd: process.cwd(),
    now: Date.now,
    stdin,
    stdout,
    out: (line) => void out.push(line),
    say: (line) => void said.push(line),
    canAsk: answer !== undefined,
    ask,
    askSecret: ask,
    screen: { isTTY: false, columns: 80, rows: 24, write: () => {} },
    signal: null,
    ...given,
  });
  return { status, out: out.join("\n"), said: said.join("\n") };
}
