import { isJsonObject, type JsonObject } from "../json-object.ts";

/** Fields in which servers tell how they were started, and where their files are. */
const privateFields = new Set([
  ...["args", "argv", "cmd", "command", "command_line", "env", "environment", "preset"],
  ...["path", "paths", "model_path", "file", "files", "filename", "cwd", "dir", "directory"],
]);

/** `/srv/models/x.gguf`, `~/x`, `C:\x`, `file:///x`, also within a longer text; not `/v1/chat`. */
const filePath = /(?:^|[\s="'(,[])(?:\/(?!v\d)[^\s/]+\/|~\/|[A-Za-z]:[\\/]|\\\\|file:)/;

/** `--ctx-size 4096` */
const commandLine = /(?:^|\s)--[a-z][a-z-]+(?:\s|=|$)/;

/** Deeper than any list of models goes. */
const deepest = 8;

/**
 * What an upstream says of a model, without its command line and the paths on its machine:
 * llama-server's router tells both to everybody who may list models.
 */
export function publicFields(raw: JsonObject, depth: number = 0): JsonObject {
  const kept = Object.entries(raw).flatMap(([name, value]) => {
    if (privateFields.has(name.toLowerCase())) return [];
    const shown = publicValue(value, depth);
    return shown === undefined ? [] : [[name, shown]];
  });
  return Object.fromEntries(kept);
}

function publicValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") {
    return filePath.test(value) || commandLine.test(value) ? undefined : value;
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth >= deepest) return undefined;
  if (isJsonObject(value)) return publicFields(value, depth + 1);
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item) => publicValue(item, depth + 1));
  return items.filter((item) => item !== undefined);
}
