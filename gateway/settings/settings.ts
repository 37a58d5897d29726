/**
 * Everything that can be set, checked and frozen. `null` is off, none, or every address. Times are
 * in milliseconds, sizes in bytes, files absolute. What each means stands in `settings-table.ts`.
 */
export type Settings = {
  readonly configFile: string | null;
  readonly port: number;
  readonly host: string | null;
  readonly publicPort: number | null;
  readonly metricsPort: number | null;
  /** Origin and prefix, without `/v1` and without a slash at the end. */
  readonly upstreamUrl: string | null;
  readonly upstreamApiKey: string | null;
  readonly upstreamType: "auto" | "openai" | "llamacpp" | "vllm";
  readonly maxConcurrent: number | "auto";
  readonly maxQueue: number | null;
  readonly queueEvents: "chunk" | "comment" | "off";
  readonly usersFile: string;
  readonly apiKey: string | null;
  readonly apiUser: string;
  readonly databaseFile: string;
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
  readonly logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";
  readonly echoTokensPerSecond: number | null;
};
