import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Read once in a process, which runs many test files: their own folders stand beside each other.
const outside = tmpdir();
let folder: string | null = null;

/** Gives the test file that begins a TMPDIR of its own. */
export function openOwnFolder(): void {
  // A file without a test that runs has no hook at its end.
  closeOwnFolder();
  folder = mkdtempSync(join(outside, "llm-gateway-file-"));
  process.env.TMPDIR = folder;
}

/** Removes the TMPDIR of the test file that ends; returns what was left in it. */
export function closeOwnFolder(): string[] {
  if (folder === null) return [];
  const left = readdirSync(folder);
  rmSync(folder, { recursive: true, force: true });
  folder = null;
  process.env.TMPDIR = outside;
  return left;
}

process.once("exit", closeOwnFolder);
