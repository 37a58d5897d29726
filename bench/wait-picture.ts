import { writeFileSync } from "node:fs";
import { drawTerminal } from "./picture/draw-terminal.ts";
import { recordWait } from "./picture/record-wait.ts";
import { shortenLine } from "./picture/shorten-line.ts";

const command = [
  '$ curl -N $GATEWAY/v1/chat/completions -H "Authorization: Bearer $KEY" \\',
  "    -H 'Content-Type: application/json' \\",
  `    -d '{"stream":true,"messages":[{"role":"user","content":"Hello there, how are you?"}]}'`,
];

/** Waits in line behind three others, and draws what the terminal showed into the file, as SVG. */
export async function makeWaitPicture(file: string): Promise<void> {
  const shown = (await recordWait()).flatMap(({ atMs, text }) => {
    const short = shortenLine(text);
    return short === null ? [] : [{ atMs, text: short }];
  });
  writeFileSync(file, drawTerminal(command, shown));
}

// node bench/wait-picture.ts docs/waiting.svg
if (import.meta.main) await makeWaitPicture(process.argv[2] ?? "docs/waiting.svg");
