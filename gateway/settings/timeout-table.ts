import { orOff } from "./kind.ts";
import { bytes, duration } from "./kinds.ts";
import type { Setting } from "./setting.ts";
import type { TimeoutSettings } from "./timeout-settings.ts";

/** How long things may take, and how large they may be. */
export const timeoutTable: {
  readonly [Name in keyof TimeoutSettings]: Setting<TimeoutSettings[Name]>;
} = {
  connectTimeoutMs: {
    env: "CONNECT_TIMEOUT",
    about: "how long a connection to the upstream may take",
    schema: duration(1),
    default: "10s",
  },
  firstByteTimeoutMs: {
    env: "FIRST_BYTE_TIMEOUT",
    about: "how long the upstream may take to its first byte; waiting in line does not count",
    schema: orOff(duration(1)),
    default: "10m",
  },
  idleTimeoutMs: {
    env: "IDLE_TIMEOUT",
    about: "how long the upstream may fall silent between two bytes",
    schema: orOff(duration(1)),
    default: "5m",
  },
  totalTimeoutMs: {
    env: "TOTAL_TIMEOUT",
    about: "how long one generation may take in all",
    schema: orOff(duration(1)),
    default: "off",
    example: "1h",
  },
  bodyTimeoutMs: {
    env: "BODY_TIMEOUT",
    about: "how long a client may pause while it sends its request body",
    schema: duration(1),
    default: "60s",
  },
  drainTimeoutMs: {
    env: "DRAIN_TIMEOUT",
    about: "how long a stop lets running generations go on",
    schema: duration(0),
    default: "30s",
  },
  keepAliveMs: {
    env: "KEEP_ALIVE",
    about: "a silent stream gets a keep-alive comment this often",
    schema: duration(1),
    default: "15s",
  },
  jsonKeepAliveTunnelMs: {
    env: "JSON_KEEP_ALIVE_TUNNEL",
    about: "a public JSON answer still silent after this gets whitespace, so that the tunnel waits",
    schema: orOff(duration(1)),
    default: "45s",
  },
  jsonKeepAliveLanMs: {
    env: "JSON_KEEP_ALIVE_LAN",
    about: "the same for JSON answers on the LAN",
    schema: orOff(duration(1)),
    default: "240s",
  },
  maxBodyBytes: {
    env: "MAX_BODY_BYTES",
    about: "the largest request body",
    schema: bytes,
    default: "32MiB",
  },
  maxWaitingBytes: {
    env: "MAX_WAITING_BYTES",
    about: "the most memory for the bodies of all requests that wait",
    schema: bytes,
    default: "512MiB",
  },
};
