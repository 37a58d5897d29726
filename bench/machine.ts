import { cpus, platform, release } from "node:os";

/** What a table was measured on, in one line. */
export function machine(now: Date): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() ?? "unknown processor";
  const count = cores.length === 1 ? "1 core" : `${cores.length} cores`;
  const system = `${platform()} ${release()}`;
  return `${count} of ${model}, ${system}, Node ${process.versions.node}, ${now.toISOString().slice(0, 10)}`;
}
