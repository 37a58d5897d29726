/** Several gateways with one queue. */
export const clusterTable = {
  clusterSecret: {
    env: "CLUSTER_SECRET",
    about: "the secret of gateways that share one queue, the same on each, at least 32 characters",
    secret: true,
    kind: "sharedSecret",
    unset: "nothing",
    default: "",
    example: "...",
  },
  clusterUrl: {
    env: "CLUSTER_URL",
    about:
      "where the other gateways reach this one, host:port; auto is its address towards PostgreSQL and a free port",
    kind: "clusterAddress",
    default: "auto",
    example: "192.168.1.5:8100",
  },
} as const;
