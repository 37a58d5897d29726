import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createChildren } from "./children.ts";
import { machine } from "./machine.ts";
import { plotText } from "./soak/plot-text.ts";
import { runSoak, type SoakOptions, type SoakResult } from "./soak/run-soak.ts";
import type { Sample } from "./soak/samples.ts";

const usage = `npm run soak -- [options]
  --minutes N   how long (30)
  --seed N      other random choices (1)
  --clients N   clients at the same time (5)
  --help`;

function readSoakOptions(argv: readonly string[]): SoakOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: "string", default: "30" },
      seed: { type: "string", default: "1" },
      clients: { type: "string", default: "5" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const [minutes, seed, clients] = [values.minutes, values.seed, values.clients].map(Number);
  if (!(minutes && minutes > 0 && minutes <= 10_000)) throw new Error("--minutes takes a number");
  if (seed === undefined || !Number.isInteger(seed)) throw new Error("--seed takes a whole number");
  if (!(clients && clients >= 1 && clients <= 200)) throw new Error("--clients is from 1 to 200");
  return { minutes, seed, clients, everySeconds: Math.max(1, Math.min(30, minutes * 2)) };
}

function lineOf({ at, rssMb, files, handles, cpuSeconds, rows, open }: Sample): string {
  const cpu = at === 0 ? 0 : (100 * cpuSeconds) / at;
  return `${at} s: ${rssMb} MB, ${files ?? "?"} files, ${handles} handles, CPU ${cpu.toFixed(0)} %, ${rows} rows, ${open} open`;
}

function show({ samples, endings, checks }: SoakResult): void {
  console.log(`\nHow requests ended: ${endings.map((one) => one.join(" × ")).join(", ")}\n`);
  console.log(
    plotText({
      "memory, MB": samples.map(({ rssMb }) => rssMb),
      files: samples.map(({ files }) => files ?? 0),
      handles: samples.map(({ handles }) => handles),
      "rows between samples": samples.map(({ rows }, at) => rows - (samples[at - 1]?.rows ?? 0)),
    }),
  );
  console.log("\n| | found | |\n| --- | --- | --- |");
  for (const { what, found, isRight } of checks) {
    console.log(`| ${what} | ${found} | ${isRight ? "right" : "WRONG"} |`);
  }
  console.log(`\n${machine(new Date())}`);
}

async function main(options: SoakOptions): Promise<void> {
  const children = createChildren();
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-soak-"));
  const cleanUp = async (): Promise<void> => {
    await children.endAll();
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  }
  try {
    const result = await runSoak(children, folder, options, (one) => console.error(lineOf(one)));
    show(result);
    if (result.checks.some(({ isRight }) => !isRight)) process.exitCode = 1;
  } finally {
    await cleanUp();
  }
}

try {
  const options = readSoakOptions(process.argv.slice(2));
  if (options === null) console.log(usage);
  else await main(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
