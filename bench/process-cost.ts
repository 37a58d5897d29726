import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Linux counts CPU time in hundredths of a second for programs, whatever the kernel's own tick. */
const ticksPerSecond = 100;

/** CPU time of a process so far, all its threads, user and system. Seconds. */
export function cpuSeconds(pid: number): number {
  if (process.platform !== "linux") return cpuOfPs(ps(pid, "time="));
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name in brackets may hold spaces; the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Memory of a process that is in RAM. Megabytes of 2^20 bytes. */
export function residentMb(pid: number): number {
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
