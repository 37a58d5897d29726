import type { AccessSettings } from "./access-settings.ts";
import type { ProviderSettings } from "./provider-settings.ts";
import type { RoutingSettings, UpstreamType } from "./routing-settings.ts";
import type { TimeoutSettings } from "./timeout-settings.ts";

/** The settings in force, deeply frozen. null is off or not set; sizes in bytes, times in ms. */
export type Settings = AccessSettings &
  ProviderSettings &
  RoutingSettings &
  TimeoutSettings & {
    readonly port: number;
    /** null: every address. */
    readonly host: string | null;
    readonly publicPort: number | null;
    readonly metricsPort: number | null;
    /** Origin and path prefix without `/v1` or a final slash; null: the echo. */
    readonly upstreamUrl: string | null;
    readonly upstreamApiKey: string | null;
    readonly upstreamType: UpstreamType;
    /** Paths of PEM files for UPSTREAM_URL. */
    readonly upstreamCa: string | null;
    readonly upstreamCertificate: string | null;
    readonly upstreamCertificateKey: string | null;
    readonly maxConcurrent: number | "auto";
    readonly maxQueue: number | null;
    readonly maxConcurrentPerUser: number | null;
    readonly maxQueuedPerUser: number | null;
    readonly exclusiveModels: "on" | "off";
    readonly maxUnfairnessMs: number;
    readonly streamUpstream: "auto" | "off";
    readonly queueEvents: "chunk" | "comment" | "off";
    readonly usersFile: string;
    readonly databaseFile: string;
    readonly apiKey: string | null;
    readonly apiUser: string;
    readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
    readonly echoTokensPerSecond: number | null;
  };

/** Where the value of one setting came from. */
export type Source = {
  /** `default`, `environment`, `.env`, the config file's path, or the flag (`--port`). */
  readonly from: string;
  /** The name it was given under: an alias, or the setting's own. */
  readonly name: string;
  /** As it was written; `***` for a secret that is set. */
  readonly text: string;
};

export type Sources = { readonly [Name in keyof Settings]: Source };
