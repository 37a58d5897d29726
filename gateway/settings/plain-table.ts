import { accessTable } from "./access-table.ts";
import { clusterTable } from "./cluster-table.ts";
import { limitTable } from "./limit-table.ts";
import { modelTable } from "./model-table.ts";
import { notifyTable } from "./notify-table.ts";
import { otelTable } from "./otel-table.ts";
import { providerTable } from "./provider-table.ts";
import type { SettingsOf } from "./setting.ts";
import { timeoutTable } from "./timeout-table.ts";
import { upkeepTable } from "./upkeep-table.ts";

/** Settings of the server, its upstream, its queue and its users. */
const serverTable = {
  port: {
    env: "PORT",
    aliases: ["PROXY_PORT"],
    flag: "--port",
    about: "the port of the gateway",
    kind: "port",
    default: "8000",
  },
  host: {
    env: "HOST",
    flag: "--host",
    about: "the one address to listen on; the default is every address, IPv4 and IPv6",
    kind: "host",
    unset: "nothing",
    default: "",
    example: "127.0.0.1",
  },
  publicPort: {
    env: "PUBLIC_PORT",
    about: "a second port for the tunnel; its requests are from outside and have fewer rights",
    kind: "port",
    unset: "off",
    default: "off",
    example: "8001",
  },
  publicHost: {
    env: "PUBLIC_HOST",
    about: "the address of PUBLIC_PORT; the default is this machine alone, where the tunnel runs",
    kind: "host",
    default: "127.0.0.1",
  },
  metricsPort: {
    env: "METRICS_PORT",
    about: "a separate port for /metrics, which is then not on the main port",
    kind: "port",
    unset: "off",
    default: "off",
    example: "9090",
  },
  metricsUsers: {
    env: "METRICS_USERS",
    about:
      "how people behind a key (speaks_for) are in the metrics, and everybody in traces: as a hash, or with their names",
    oneOf: ["hash", "names"],
    default: "hash",
  },
  workers: {
    env: "WORKERS",
    flag: "--workers",
    about: "how many processes serve requests; auto is one for each core; one queue for all",
    kind: "workers",
    default: "1",
    example: "4",
  },
  upstreamUrl: {
    env: "UPSTREAM_URL",
    aliases: ["BACKEND_URL", "VLLM_BASE_URL"],
    flag: "--base-url",
    about: "the server that generates, with or without /v1; the default is the built-in echo",
    kind: "upstreamUrl",
    unset: "nothing",
    default: "",
    example: "http://127.0.0.1:8080",
  },
  upstreamApiKey: {
    env: "UPSTREAM_API_KEY",
    about: "the key that the gateway sends to the upstream",
    secret: true,
    kind: "key",
    unset: "nothing",
    default: "",
    example: "sk-...",
  },
  upstreamType: {
    env: "UPSTREAM_TYPE",
    flag: "--type",
    about: "the kind of server that the upstream is; auto finds out",
    kind: "upstreamType",
    default: "auto",
  },
  upstreamApi: {
    env: "UPSTREAM_API",
    about:
      "the only API that the upstream has for conversations: chat, responses or messages; auto finds out",
    kind: "upstreamApi",
    default: "auto",
  },
  upstreamCa: {
    env: "UPSTREAM_CA",
    about: "a PEM file of certificate authorities to trust for the upstream, beside the usual ones",
    kind: "path",
    unset: "nothing",
    default: "",
    example: "data/ca.pem",
  },
  upstreamCertificate: {
    env: "UPSTREAM_CERTIFICATE",
    about: "a PEM file with the gateway's own certificate, if the upstream asks for one",
    kind: "path",
    unset: "nothing",
    default: "",
    example: "data/gateway.pem",
  },
  upstreamCertificateKey: {
    env: "UPSTREAM_CERTIFICATE_KEY",
    about: "the PEM file with the key of that certificate",
    kind: "path",
    unset: "nothing",
    default: "",
    example: "data/gateway.key",
  },
  maxConcurrent: {
    env: "MAX_CONCURRENT",
    flag: "--max-concurrent",
    about: "how many generations the upstream runs at once; auto asks it; others wait in the queue",
    kind: "capacity",
    default: "1",
  },
  maxQueue: {
    env: "MAX_QUEUE",
    about: "the most requests that wait in the queue; more get a 503",
    kind: "count",
    unset: "off",
    default: "off",
    example: "100",
  },
  maxConcurrentPerUser: {
    env: "MAX_CONCURRENT_PER_USER",
    about: "how many generations of one user run at once; max_concurrent in users.json replaces it",
    kind: "count",
    unset: "off",
    default: "off",
    example: "2",
  },
  maxQueuedPerUser: {
    env: "MAX_QUEUED_PER_USER",
    about: "how many requests of one user wait in the queue; max_queued in users.json replaces it",
    kind: "count",
    unset: "off",
    default: "off",
    example: "20",
  },
  exclusiveModels: {
    env: "EXCLUSIVE_MODELS",
    about: "on if the upstream holds one model at a time: then the models take turns",
    oneOf: ["on", "off"],
    default: "off",
    example: "on",
  },
  maxUnfairnessMs: {
    env: "MAX_UNFAIRNESS",
    about: "how long the loaded model may keep running while a request for another model waits",
    kind: "durationOrZero",
    default: "30s",
  },
  streamUpstream: {
    env: "STREAM_UPSTREAM",
    about: "auto: llama.cpp always streams to the gateway, so that it stops when a client leaves",
    oneOf: ["auto", "off"],
    default: "auto",
  },
  streamUsage: {
    env: "STREAM_USAGE",
    about: "on asks every stream for its usage, off none; auto stops asking a server that refuses",
    oneOf: ["auto", "on", "off"],
    default: "auto",
  },
  storedResponses: {
    env: "STORED_RESPONSES",
    about:
      "on passes on stored responses, conversations and prompts, each to the user that made it",
    oneOf: ["on", "off"],
    default: "off",
  },
  queueEvents: {
    env: "QUEUE_EVENTS",
    about: "how a streaming request learns its place in the queue",
    oneOf: ["chunk", "comment", "off"],
    default: "chunk",
  },
  usersFile: {
    env: "USERS_FILE",
    flag: "--users-file",
    about: "the users and their keys; an edit counts from the next request",
    kind: "path",
    default: "data/users.json",
  },
  databaseFile: {
    env: "DATABASE_FILE",
    flag: "--database-file",
    about: "the ledger, an SQLite file",
    kind: "path",
    default: "data/gateway.db",
  },
  databaseUrl: {
    env: "DATABASE_URL",
    about: "a PostgreSQL database for the ledger of one gateway or several (docs/scale.md)",
    secret: true,
    kind: "databaseUrl",
    unset: "nothing",
    default: "",
    example: "postgres://gateway:password@127.0.0.1/gateway",
  },
  databaseIfDamaged: {
    env: "DATABASE_IF_DAMAGED",
    about: "what a damaged ledger does: stop the start, or be moved aside for a new one",
    oneOf: ["stop", "new"],
    default: "stop",
  },
  apiKey: {
    env: "API_KEY",
    aliases: ["AUTHORIZATION"],
    about: "the only key if there is no users file, with or without Bearer",
    secret: true,
    kind: "key",
    unset: "nothing",
    default: "",
    example: "sk-...",
  },
  apiUser: {
    env: "API_USER",
    about: "the user name of API_KEY and of the first key",
    kind: "userName",
    default: "admin",
  },
} as const;

/** Settings of the log and of the echo. */
const otherTable = {
  logLevel: {
    env: "LOG_LEVEL",
    flag: "--log-level",
    about: "the lowest level that is logged",
    oneOf: ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
    default: "info",
  },
  logFormat: {
    env: "LOG_FORMAT",
    about:
      "the form of the log: json, logfmt, or pretty (also text) for people; auto is pretty on a terminal, else json",
    oneOf: ["auto", "json", "pretty", "logfmt", "text"],
    default: "auto",
  },
  echoTokensPerSecond: {
    env: "ECHO_TOKENS_PER_SECOND",
    about: "the speed of the echo, which answers if there is no upstream",
    kind: "pace",
    unset: "off",
    default: "off",
    example: "20",
  },
} as const;

/** Every setting with a single value. */
export const plainTable: typeof serverTable &
  typeof clusterTable &
  typeof timeoutTable &
  typeof upkeepTable &
  typeof otherTable &
  typeof notifyTable &
  typeof otelTable &
  typeof limitTable &
  typeof accessTable &
  typeof providerTable &
  typeof modelTable = {
  ...serverTable,
  ...clusterTable,
  ...timeoutTable,
  ...upkeepTable,
  ...otherTable,
  ...notifyTable,
  ...otelTable,
  ...limitTable,
  ...accessTable,
  ...providerTable,
  ...modelTable,
};

/** Their values. null is off or not set; sizes in bytes, times in ms. */
export type PlainSettings = SettingsOf<typeof plainTable>;
