/** How long things may take, and how large they may be. */
export const timeoutTable = {
  connectTimeoutMs: {
    env: "CONNECT_TIMEOUT",
    about: "the longest time to connect to the upstream",
    kind: "duration",
    default: "10s",
  },
  firstByteTimeoutMs: {
    env: "FIRST_BYTE_TIMEOUT",
    about:
      "the longest time to the first byte of the upstream's answer, without the time in the queue",
    kind: "duration",
    unset: "off",
    default: "10m",
  },
  idleTimeoutMs: {
    env: "IDLE_TIMEOUT",
    about: "the longest pause of the upstream between two bytes",
    kind: "duration",
    unset: "off",
    default: "5m",
  },
  totalTimeoutMs: {
    env: "TOTAL_TIMEOUT",
    about: "the longest time of one generation in all",
    kind: "duration",
    unset: "off",
    default: "off",
    example: "1h",
  },
  bodyTimeoutMs: {
    env: "BODY_TIMEOUT",
    about: "the longest pause of a client while it sends its request body",
    kind: "duration",
    default: "60s",
  },
  drainTimeoutMs: {
    env: "DRAIN_TIMEOUT",
    about: "how long running generations may continue when the gateway stops",
    kind: "durationOrZero",
    default: "30s",
  },
  keepAliveMs: {
    env: "KEEP_ALIVE",
    about: "the time after which a silent stream gets a keep-alive comment",
    kind: "duration",
    default: "15s",
  },
  jsonKeepAliveTunnelMs: {
    env: "JSON_KEEP_ALIVE_TUNNEL",
    about: "the time after which a silent JSON answer gets whitespace, so that the tunnel waits",
    kind: "duration",
    unset: "off",
    default: "45s",
  },
  jsonKeepAliveLanMs: {
    env: "JSON_KEEP_ALIVE_LAN",
    about: "the same time for JSON answers on the LAN",
    kind: "duration",
    unset: "off",
    default: "240s",
  },
  maxBodyBytes: {
    env: "MAX_BODY_BYTES",
    about: "the largest request body",
    kind: "size",
    default: "32MiB",
  },
  maxWaitingBytes: {
    env: "MAX_WAITING_BYTES",
    about:
      "the most memory for the bodies of all waiting requests; auto is a quarter of all memory (or of the container's)",
    kind: "sizeOrAuto",
    default: "auto",
  },
  uploadMinRate: {
    env: "UPLOAD_MIN_RATE",
    about: "the least rate, in bytes a second, of an upload larger than MAX_BODY_BYTES",
    kind: "size",
    default: "16KiB",
  },
} as const;
