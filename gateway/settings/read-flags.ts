import { parseArgs } from "node:util";
import { didYouMean } from "../kinds/did-you-mean.ts";
import { FlagsError } from "./settings-error.ts";

/**
 * Flag to text, `--port 80` and `--port=80` alike; the last one counts. Throws FlagsError for a
 * flag that is not known, has no value, or for a loose word, and repeats no value: it may be a key.
 */
export function readFlags(argv: readonly string[], known: readonly string[]): Map<string, string> {
  const options = Object.fromEntries(
    known.map((flag) => [flag.slice(2), { type: "string" as const }]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const flags = new Map<string, string>();
  const faults: string[] = [];
  for (const token of tokens) {
    // After a flag that is not known it is most likely that flag's value.
    if (token.kind === "positional" && faults.length === 0) {
      faults.push("a word on the command line is no flag; see --help");
    }
    if (token.kind !== "option") continue;
    const { rawName: flag, value } = token;
    if (!known.includes(flag)) {
      faults.push(`${flag.slice(0, 40)}: no such flag${didYouMean(flag, known)}; see --help`);
    } else if (value === undefined || value.trim() === "") {
      faults.push(`${flag}: needs a value`);
    } else {
      flags.set(flag, value.trim());
    }
  }
  if (faults.length > 0) throw new FlagsError(faults);
  return flags;
}
