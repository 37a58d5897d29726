import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Linux counts CPU time in hundredths of a second for programs, whatever the kernel's own tick. */
const ticksPerSecond = 100;

/** CPU time of a process and of those that it started, so far. Seconds. */
export const cpuSeconds = (pid: number): number =>
  groupOf(pid).reduce((sum, one) => sum + cpuOf(one), 0);

/** Memory in RAM of a process and of those that it started. Megabytes of 2^20 bytes. */
export const residentMb = (pid: number): number =>
  groupOf(pid).reduce((sum, one) => sum + memoryOf(one), 0);

/** A process, then those that it started and that run now. */
function groupOf(pid: number): number[] {
  if (process.platform !== "linux") return [pid];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
  return [pid, ...children.split(" ").filter(Boolean).map(Number)];
}

/** All its threads, user and system. */
function cpuOf(pid: number): number {
  if (process.platform !== "linux") return cpuOfPs(ps(pid, "time="));
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name in brackets may hold spaces; the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function memoryOf(pid: number): number {
  if (process.platform !== "linux") return Number(ps(pid, "rss=")) / 1024;
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const at = status.indexOf("VmRSS:");
  return Number.parseInt(status.slice(at + 6), 10) / 1024;
}

/** `ps` writes `[[hours:]minutes:]seconds.hundredths`. */
export function cpuOfPs(text: string): number {
  return text.split(":").reduce((total, part) => total * 60 + Number(part), 0);
}

function ps(pid: number, column: string): string {
  return execFileSync("ps", ["-o", column, "-p", String(pid)], { encoding: "utf8" }).trim();
}
