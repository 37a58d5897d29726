import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Where a command reads and writes. */
export type Terminal = {
  /** What a script wants: a key, a list, JSON. */
  out(line: string): void;
  /** What a person reads. */
  say(line: string): void;
  /** Whether a person can be asked. */
  readonly canAsk: boolean;
  ask(question: string): Promise<string>;
  /** Like `ask`, but what is typed is not shown; from a pipe, its first line. */
  askSecret(question: string): Promise<string>;
};

/** The process's own terminal; answers on stdout, everything else on stderr. */
export function processTerminal(): Terminal {
  const canAsk = process.stdin.isTTY === true;
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    canAsk,
    ask: (question) => askOn(process.stderr, question, true),
    askSecret: async (question) => {
      if (!canAsk) return await firstLine(process.stdin);
      process.stderr.write(question);
      const answer = await askOn(silence(), "", true);
      process.stderr.write("\n");
      return answer;
    },
  };
}

async function askOn(output: Writable, question: string, terminal: boolean): Promise<string> {
  const input = createInterface({ input: process.stdin, output, terminal });
  const closed = new Promise<never>((_resolve, reject) => {
    // Ctrl-C and Ctrl-D close without an answer; the question would stay open for ever.
    input.once("close", () => reject(new Error("nothing was entered")));
  });
  try {
    return (await Promise.race([input.question(question), closed])).trim();
  } finally {
    input.close();
  }
}

function silence(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

async function firstLine(input: AsyncIterable<Buffer | string>): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += chunk.toString();
    if (text.includes("\n") || text.length > 4096) break;
  }
  return (text.split("\n")[0] ?? "").trim();
}
