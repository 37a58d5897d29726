import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { createTarDecoder } from "modern-tar";
import { packTar } from "modern-tar/fs";

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
  const bytes = typeof source === "string" ? createReadStream(source) : source;
  const { readable, writable } = createTarDecoder({ strict: true });
  const read = pipeline(bytes, createGunzip(), writable);
  // Its error also ends the loop below, which reports it.
  read.catch(() => {});
  try {
    for await (const { header, body } of readable) {
      const { name, type = "file" } = header;
      // An archive of another program must not choose where it writes.
      const isKnown = known.includes(name) && !names.includes(name) && type === "file";
      if (!isKnown || (names.length === 0 && name !== known[0])) throw new Error(notOurs);
      names.push(name);
      await pipeline(
        body,
        createWriteStream(join(folder, name), { mode, flags: "wx", flush: true }),
      );
    }
    await read;
  } catch (error) {
    // The system's own words: no such file, no space left.
    if (error instanceof Error && "syscall" in error) throw error;
    const says = error instanceof Error ? error.message : String(error);
    const isOurs = names.length > 0 && says !== notOurs;
    throw new Error(isOurs ? `the backup is damaged: ${says}` : notOurs);
  }
  if (names.length < 2) throw new Error(notOurs);
  return names;
}
