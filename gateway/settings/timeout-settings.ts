/** How long things may take, in ms, and how large they may be, in bytes; null is without end. */
export type TimeoutSettings = {
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number | null;
  readonly idleTimeoutMs: number | null;
  readonly totalTimeoutMs: number | null;
  readonly bodyTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly jsonKeepAliveTunnelMs: number | null;
  readonly jsonKeepAliveLanMs: number | null;
  readonly maxBodyBytes: number;
  readonly maxWaitingBytes: number;
};
