import { totalmem } from "node:os";

/**
 * A quarter of the memory that the process may have: the limit of its container, else all of the
 * machine. The rest is for the process itself, for copies under way and for sockets. Bytes.
 */
export function shareOfMemory(
  limit: number = process.constrainedMemory(),
  machine: number = totalmem(),
): number {
  return Math.floor((limit > 0 ? Math.min(limit, machine) : machine) / 4);
}
