import { createReadStream, statSync } from "node:fs";

/** A file on its way into or out of an archive. */
export type TarEntry = { name: string; size: number };

const block = 512;

/** The bytes of a tar archive (POSIX ustar) of these files, in order, streamed. */
export async function* tarOf(
  files: readonly { name: string; file: string }[],
): AsyncGenerator<Buffer> {
  for (const { name, file } of files) {
    const { size, mtimeMs } = statSync(file);
    yield header({ name, size }, mtimeMs);
    let sent = 0;
    if (size > 0) {
      for await (const chunk of createReadStream(file, {
        end: size - 1,
      }) as AsyncIterable<Buffer>) {
        sent += chunk.length;
        yield chunk;
      }
    }
    if (sent !== size) throw new Error(`${name} became shorter while it was read`);
    yield Buffer.alloc(-size & (block - 1));
  }
  yield Buffer.alloc(2 * block);
}

function header({ name, size }: TarEntry, mtimeMs: number): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number): void => {
    bytes.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  };
  if (Buffer.byteLength(name) > 99) throw new Error(`the name ${name} is too long for an archive`);
  bytes.write(name, 0);
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(mtimeMs / 1000), 136, 12);
  bytes.write("0ustar\x0000", 156, "latin1");
  bytes.write(" ".repeat(8), 148, "latin1");
  octal(sumOf(bytes), 148, 7);
  return bytes;
}

const sumOf = (bytes: Buffer): number => bytes.reduce((sum, byte) => sum + byte, 0);

/**
 * Reads an archive: calls `open` for each file and then `write` with its bytes, in order.
 * @throws Error with one line on anything that is no whole archive of plain files
 */
export async function readTar(
  chunks: AsyncIterable<Buffer>,
  to: { open(entry: TarEntry): void; write(bytes: Buffer): void },
): Promise<void> {
  let held: Buffer = Buffer.alloc(0);
  let left = 0;
  let padding = 0;
  let ended = false;
  for await (const chunk of chunks) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length > 0 && !ended) {
      if (left > 0) {
        const part = held.subarray(0, left);
        to.write(part);
        left -= part.length;
        held = held.subarray(part.length);
      } else if (padding > 0) {
        const skipped = Math.min(padding, held.length);
        padding -= skipped;
        held = held.subarray(skipped);
      } else if (held.length < block) {
        break;
      } else {
        const entry = entryOf(held.subarray(0, block));
        held = held.subarray(block);
        ended = entry === null;
        if (entry === null) break;
        to.open(entry);
        left = entry.size;
        padding = -entry.size & (block - 1);
      }
    }
  }
  if (!ended) throw new Error("the archive is cut off");
}

/** Null for the block of zeros at the end. */
function entryOf(bytes: Buffer): TarEntry | null {
  if (bytes.every((byte) => byte === 0)) return null;
  const field = (at: number, length: number): string => {
    return bytes.toString("utf8", at, at + length).split("\0", 1)[0] ?? "";
  };
  const sum = Number.parseInt(field(148, 8), 8);
  const unsigned = Buffer.from(bytes).fill(" ", 148, 156);
  const size = Number.parseInt(field(124, 12), 8);
  const isFile = bytes[156] === 0x30 || bytes[156] === 0;
  if (sum !== sumOf(unsigned) || !isFile || !(size >= 0)) {
    throw new Error("it is not an archive of this program");
  }
  return { name: field(0, 100), size };
}
