import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** A file that a browser may load. */
export type Asset = { type: string; plain: Buffer; gzipped: Buffer };

/** The files of the page, as one set: a change of any of them gives all of them new addresses. */
export type Assets = {
  /** Hash of the contents of the whole set; the first part of each address. */
  readonly hash: string;
  /** By name: `main.js`, `screens/now.js`, `npm/preact.js`. */
  readonly files: ReadonlyMap<string, Asset>;
  /** What a module writes to import a package (`preact`) → the name of its file. */
  readonly packages: ReadonlyMap<string, string>;
};

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Packages that are served as they are, by the name that a module imports. */
const modules = [
  "preact",
  "preact/hooks",
  "@preact/signals-core",
  "@preact/signals",
  "htm",
  "htm/preact",
  "lean-qr/nano",
] as const;

const compress = promisify(gzip);
const browserFolder = join(import.meta.dirname, "browser");

/** Reads and compresses every file of the page. */
export async function readAssets(): Promise<Assets> {
  const packages = new Map<string, string>(modules.map((name) => [name, fileNameOf(name)]));
  const contents = new Map([...(await ownFiles()), ...(await packageFiles())]);
  const hash = createHash("sha256");
  const files = new Map<string, Asset>();
  for (const [name, plain] of [...contents].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${name}\0${plain.length}\0`).update(plain);
    const type = types[extname(name)] ?? "application/octet-stream";
    files.set(name, { type, plain, gzipped: await compress(plain, { level: 9 }) });
  }
  return { hash: hash.digest("hex").slice(0, 16), files, packages };
}

async function ownFiles(): Promise<[string, Buffer][]> {
  const names = await readdir(browserFolder, { recursive: true });
  const served = names.filter((name) => extname(name) in types).sort();
  return Promise.all(
    served.map(async (name): Promise<[string, Buffer]> => {
      const content = await readFile(join(browserFolder, name));
      const sent = name.endsWith(".js") ? withoutComments(content.toString()) : content;
      return [name.split(sep).join("/"), Buffer.from(sent)];
    }),
  );
}

function packageFiles(): Promise<[string, Buffer][]> {
  return Promise.all(
    modules.map(async (name): Promise<[string, Buffer]> => {
      return [fileNameOf(name), await readFile(fileURLToPath(import.meta.resolve(name)))];
    }),
  );
}

/**
 * A script without its comments, which here stand on lines of their own or say a type: the page is an
 * eighth smaller. The lines keep their numbers.
 */
const withoutComments = (source: string): string =>
  source.replace(comments, (comment) => comment.replaceAll(/[^\n]/g, ""));

/** A block of whole lines, a line, and a type in the middle of a line. */
const comments = /^ *\/\*\*(?:(?!\*\/)[\s\S])*\*\/$|^ *\/\/.*$|\/\*\* @(?:(?!\*\/).)*\*\/ ?/gm;

/** `@preact/signals-core` → `npm/preact-signals-core.js` */
const fileNameOf = (specifier: string): string =>
  `npm/${specifier.replace("@", "").replaceAll("/", "-")}.js`;
