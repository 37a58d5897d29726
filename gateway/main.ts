import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { runCommandLine } from "./cli/commands.ts";
import { reporting } from "./cli/frame/command.ts";
import { processSurroundings } from "./cli/frame/surroundings.ts";

// Keeps compiled code, which halves the time of the second start. `npm start`, the image and the
// service name the folder before Node starts: then this file is in it too, and Node never loads its
// type stripper (20 MB). If the folder cannot be written, Node goes on without it.
enableCompileCache(
  process.env.NODE_COMPILE_CACHE ??
    fileURLToPath(new URL("../node_modules/.cache/llm-gateway", import.meta.url)),
);

const surroundings = processSurroundings();
const status = await reporting("llm-gateway", surroundings, () =>
  runCommandLine(process.argv.slice(2), surroundings),
);
// Exits at once: a start that failed half-way may have left a port or a worker open.
process.exit(status);
