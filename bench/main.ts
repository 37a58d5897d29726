import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChildren } from "./children.ts";
import { machine } from "./machine.ts";
import { type BenchOptions, readOptions, usage } from "./options.ts";
import { runBench } from "./run-bench.ts";
import { tableOf, withTable } from "./table.ts";

const readme = new URL("./README.md", import.meta.url);

async function main(options: BenchOptions): Promise<void> {
  const children = createChildren();
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-bench-"));
  const cleanUp = async (): Promise<void> => {
    await children.endAll();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  }
  try {
    const rows = await runBench(children, options, folder, (line) => console.error(line));
    const where = machine(new Date());
    const table = tableOf(rows, where);
    console.log(options.json ? JSON.stringify({ machine: where, rows }, null, 2) : `\n${table}`);
    if (options.write) writeFileSync(readme, withTable(readFileSync(readme, "utf8"), table));
  } finally {
    await cleanUp();
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === null) console.log(usage);
  else await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
