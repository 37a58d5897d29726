import { readFileSync } from "node:fs";
import { isJsonObject } from "../json-object.ts";
import { withFileLock } from "./file-lock.ts";
import { createFreshBytes } from "./fresh-bytes.ts";
import { replaceFile, targetOf } from "./replace-file.ts";

/** Older notes are for requests that ended long ago. */
const keptMs = 86_400_000;
/** So many users at most; a note is small. */
const mostNotes = 1_000;

/** By user: requests that began before this time (epoch ms) are to be stopped. */
type Notes = ReadonlyMap<string, number>;

const nothing: Notes = new Map();

/** The file beside the users file through which the command line tells the gateway. */
const notesOf = (usersFile: string): string => `${targetOf(usersFile)}.stop`;

/**
 * Notes that all requests of a user which began until `now` (epoch ms) are to be stopped, running
 * ones too. A gateway that uses this users file acts on it within seconds, without a key: access to
 * the file is the right to do this.
 */
export async function noteStop(usersFile: string, user: string, now: number): Promise<void> {
  const file = notesOf(usersFile);
  await withFileLock(file, () => {
    const kept = [...readNotes(file)].filter(([name, at]) => name !== user && at > now - keptMs);
    const notes = [...kept, [user, now] as const].slice(-mostNotes);
    replaceFile(file, `${JSON.stringify(Object.fromEntries(notes))}\n`);
  });
}

function readNotes(file: string): Notes {
  try {
    return parseNotes(readFileSync(file, "utf8"));
  } catch {
    return nothing;
  }
}

function parseNotes(text: string): Notes {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) return nothing;
  const times = Object.entries(value).filter((note): note is [string, number] => {
    return typeof note[1] === "number";
  });
  return new Map(times);
}

/** Reads the notes again at each call, if they have changed. Never throws. */
export function createStopNotes(usersFile: string): () => Notes {
  const bytes = createFreshBytes(notesOf(usersFile));
  let notes = nothing;
  return () => {
    try {
      const seen = bytes.look();
      if (seen !== "same") notes = seen === "missing" ? nothing : parseNotes(seen.toString());
    } catch {
      // Half a file, or none that can be read: what was known before stays.
    }
    return notes;
  };
}
