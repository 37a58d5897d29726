import { digestOf } from "./key.ts";

/**
 * The keys of users.example.json. They are public, so a copy of that file must let nobody in:
 * refused when a file is read and when a client sends one. A test compares this list with the file.
 */
export const exampleKeys: readonly string[] = [
  "sk-example-alice-change-me",
  "sk-example-bob-change-me",
  "sk-example-carol-change-me",
];

const digests: ReadonlySet<string> = new Set(exampleKeys.map(digestOf));

/** Whether a digest (64 lower-case hex digits) is that of a key everybody can read. */
export function isExampleDigest(digest: string): boolean {
  return digests.has(digest);
}
