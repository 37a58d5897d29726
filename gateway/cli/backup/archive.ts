import { closeSync, createReadStream, fsyncSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { packTar, unpackTar } from "modern-tar/fs";

/** The files of a backup, in their order. The manifest is the first of every backup. */
const known: readonly string[] = ["manifest.json", "users.json", "config.yaml", "gateway.db"];

const notOurs = "this file is not a backup of llm-gateway";

/** Only their owner may read them. */
const mode = 0o600;

/** Writes a backup (tar.gz) to `to`: a manifest, then these files under their names. */
export async function pack(
  manifest: object,
  files: readonly { name: string; file: string }[],
  to: Writable,
): Promise<void> {
  const content = `${JSON.stringify(manifest)}\n`;
  const tar = packTar([
    { type: "content", content, target: "manifest.json", mode },
    ...files.map(({ name, file }) => ({ type: "file" as const, source: file, target: name, mode })),
  ]);
  // Standard output is not ours to close.
  await pipeline(tar, createGzip(), to, { end: to !== process.stdout });
}

/**
 * Unpacks a backup into an empty folder; each file is on the disk when it returns.
 * @param source - the path of the backup, or the stream of its bytes
 * @returns the names of the files
 * @throws Error with one line for anything else than a whole backup
 */
export async function unpack(source: string | Readable, folder: string): Promise<string[]> {
  const names: string[] = [];
  const tar = unpackTar(folder, {
    strict: true,
    fmode: mode,
    // An archive of another program must not choose where it writes.
    filter({ name, type = "file" }) {
      const isKnown = known.includes(name) && !names.includes(name) && type === "file";
      if (!isKnown || (names.length === 0 && name !== known[0])) throw new Error(notOurs);
      names.push(name);
      return true;
    },
  });
  const bytes = typeof source === "string" ? createReadStream(source) : source;
  try {
    await pipeline(bytes, createGunzip(), tar);
  } catch (error) {
    // The system's own words: no such file, no space left.
    if (error instanceof Error && "syscall" in error) throw error;
    const says = error instanceof Error ? error.message : String(error);
    const isOurs = names.length > 0 && says !== notOurs;
    throw new Error(isOurs ? `the backup is damaged: ${says}` : notOurs);
  }
  if (names.length < 2) throw new Error(notOurs);
  for (const name of names) flush(join(folder, name));
  return names;
}

function flush(file: string): void {
  const fd = openSync(file, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
