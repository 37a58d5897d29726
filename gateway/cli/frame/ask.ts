import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks on standard error, so that standard output holds only the result. */
export async function ask(question: string): Promise<string> {
  return await askOn(process.stderr, question);
}

/** Asks without showing what is typed; from a pipe it reads the first line. */
export async function askSecret(question: string): Promise<string> {
  if (process.stdin.isTTY !== true) return await firstLine(process.stdin);
  process.stderr.write(question);
  const answer = await askOn(silence(), "");
  process.stderr.write("\n");
  return answer;
}

async function askOn(output: Writable, question: string): Promise<string> {
  const input = createInterface({ input: process.stdin, output, terminal: true });
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
