import { mkdtempDisposableSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createStopNotes, noteStop } from "./stop-notes.ts";

const prefix = join(tmpdir(), "stop-notes-");
const day = 86_400_000;

it("a note is seen at the next look, and older ones than a day go", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const notes = createStopNotes(file);
  expect(notes().size).toBe(0);
  await noteStop(file, "bob", 5);
  expect([...notes()]).toEqual([["bob", 5]]);
  await noteStop(file, "ann", 6);
  await noteStop(file, "bob", 7);
  expect(Object.fromEntries(notes())).toEqual({ ann: 6, bob: 7 });
  await noteStop(file, "carol", day + 6.5);
  expect(Object.fromEntries(notes())).toEqual({ bob: 7, carol: day + 6.5 });
  expect(statSync(`${file}.stop`).mode & 0o777).toBe(0o600);
});

it("names are never properties of an object", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  await noteStop(file, "__proto__", 5);
  await noteStop(file, "constructor", 6);
  expect(createStopNotes(file)().get("constructor")).toBe(6);
  expect(createStopNotes(file)().get("toString")).toBeUndefined();
});

it.each(["", "{", "[]", '{"bob":"soon"}'])("half a file stops nobody: %s", async (text) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(`${file}.stop`, text);
  expect(createStopNotes(file)().size).toBe(0);
  await noteStop(file, "bob", 5);
  expect(createStopNotes(file)().get("bob")).toBe(5);
});
