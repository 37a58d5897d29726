import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { mutants } from "./mutants.ts";

// Runs seeds with one mutant (argv: its name, the most seeds), and prints what was noticed as JSON.

const [, , name = "", most = "0"] = process.argv;
const mutant = mutants.find((one) => one.name === name);
if (mutant === undefined) throw new Error(`There is no mutant "${name}".`);
const root = join(import.meta.dirname, "../../..");
const left = new Set(mutant.edits);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const edits = mutant.edits.filter(({ file }) => url === pathToFileURL(join(root, file)).href);
    if (edits.length === 0) return loaded;
    let source = String(
      loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source,
    );
    for (const edit of edits) {
      if (source.split(edit.from).length !== 2) {
        throw new Error(`${edit.file} must have this text once:\n${edit.from}`);
      }
      source = source.replace(edit.from, () => edit.to);
      left.delete(edit);
    }
    return { ...loaded, source };
  },
});

const { simulate } = await import("./simulate.ts");
if (left.size > 0)
  throw new Error(`These files were not loaded: ${[...left].map(({ file }) => file)}`);
let noticed: { seed: number; fault: string | undefined } | null = null;
for (let seed = 1; seed <= Number(most) && noticed === null; seed += 1) {
  const { faults } = await simulate(seed);
  if (faults.length > 0) noticed = { seed, fault: faults[0] };
}
console.log(JSON.stringify(noticed));
