/** Who is told of what, without looking. */
export const notifyTable = {
  notifyUrl: {
    env: "NOTIFY_URL",
    about:
      "where those who run the gateway are told of trouble: an address of ntfy, Gotify, Slack, Discord, or of a server that takes JSON",
    secret: true,
    kind: "notifyAddress",
    unset: "nothing",
    default: "",
    example: "https://ntfy.sh/my-topic",
  },
  notifySecret: {
    env: "NOTIFY_SECRET",
    about: "signs the plain JSON to NOTIFY_URL (HMAC-SHA256), at least 32 characters",
    secret: true,
    kind: "sharedSecret",
    unset: "nothing",
    default: "",
    example: "...",
  },
  notifyAfterMs: {
    env: "NOTIFY_AFTER",
    about:
      "a wait in the queue that is told to NOTIFY_URL, and how long a request must take for X-Notify: done",
    kind: "duration",
    default: "5m",
  },
} as const;
