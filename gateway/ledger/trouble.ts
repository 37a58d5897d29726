/** A time in which the database takes no rows. */
export type Trouble = {
  /** `performance.now()` at the first failure. */
  readonly since: number;
  attempts: number;
  /** Answers no longer wait for the disk. */
  spooling: boolean;
  reason: string;
};

/** Another connection holds the lock; the disk itself is well. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
}

/** Quick while answers wait for a lock, then rarer: each attempt costs what its rows cost. */
export function retryDelayMs({ spooling, attempts }: Trouble): number {
  return spooling ? Math.min(1000, 25 * 2 ** Math.min(attempts, 6)) : 2;
}
