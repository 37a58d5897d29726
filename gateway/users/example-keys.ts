import { digestOf } from "./key.ts";

/**
 * The keys of users.example.json. They are public, so they must not work: they are refused in a
 * users file and from a client. A test compares this list with the file.
 */
export const exampleKeys: readonly string[] = [
  "sk-example-alice-change-me",
  "sk-example-bob-change-me",
  "sk-example-carol-change-me",
];

const digests: ReadonlySet<string> = new Set(exampleKeys.map(digestOf));

/** True if a digest (64 lower-case hex digits) belongs to a public example key. */
export function isExampleDigest(digest: string): boolean {
  return digests.has(digest);
}
