import type { Operation } from "./operation.ts";

const about = { tag: "The gateway itself", errors: "OpenAi" } as const;
const line = { tag: "The queue", errors: "OpenAi" } as const;

const healthAnswer = {
  about: "The state of the gateway, its queue and its upstreams.",
  schema: "Health",
};
const queueAnswer = { about: "The queue.", schema: "Queue" };

function steering(action: string, summary: string): Operation {
  const path = `/queue/${action}`;
  return { ...line, method: "post", path, summary, access: "admin", answer: queueAnswer };
}

/** What the gateway says about itself. */
export const gatewayOperations: readonly Operation[] = [
  {
    ...about,
    ...{ method: "get", path: "/", access: "anyone" },
    summary: "The page for people",
    description:
      "A browser, which accepts text/html, gets the page. Any other client gets the line `Ollama is running`.",
    answer: { about: "The line of text; a page for a browser.", type: "text/plain" },
  },
  {
    ...about,
    ...{ method: "get", path: "/page/{file}", access: "anyone" },
    summary: "A file of the page",
    parameters: [{ name: "file", in: "path", about: "A hash and a name, as the page names them." }],
    answer: { about: "A script, a style sheet or a picture.", type: "text/javascript" },
  },
  {
    ...about,
    ...{ method: "get", path: "/wall", access: "lan" },
    summary: "A page for a screen on a wall: free slots and waiting requests",
    description: "404 unless WALL is on.",
    answer: { about: "A page.", type: "text/html" },
  },
  {
    ...about,
    ...{ method: "get", path: "/wall.json", access: "lan" },
    summary: "The numbers of that page",
    description: "404 unless WALL is on.",
    answer: { about: "Numbers without names.", schema: "Wall" },
  },
  {
    ...about,
    ...{ method: "get", path: "/health", access: "lan", answer: healthAnswer },
    summary: "Whether the gateway can serve",
    description:
      "Always 200 while the gateway runs, also if its upstreams are down. In a cluster, `cluster` says which gateway keeps the queue; `line` is null at the others.",
  },
  {
    ...about,
    ...{ method: "get", path: "/healthz", access: "lan", answer: healthAnswer },
    summary: "The same as /health",
  },
  {
    ...about,
    ...{ method: "get", path: "/ready", access: "lan" },
    summary: "Whether the gateway takes new requests, for a load balancer",
    description:
      "503 while the gateway drains, and after five seconds in which no gateway of its cluster keeps the queue.",
    answer: { about: "It takes new requests.", schema: "Ready" },
  },
  {
    ...about,
    ...{ method: "get", path: "/metrics", access: "lan" },
    summary: "Metrics for Prometheus",
    description: "404 if METRICS_PORT is set: the metrics are on that port.",
    answer: { about: "Prometheus' text format.", type: "text/plain" },
  },
  {
    ...about,
    ...{ method: "get", path: "/limits", access: "key" },
    summary: "Your limits, and what you have used",
    parameters: [{ name: "user", in: "query", about: "Another user; for administrators only." }],
    answer: { about: "The user's limits.", schema: "Limits" },
  },
  {
    ...about,
    ...{ method: "get", path: "/settings", access: "admin" },
    summary: "The settings in use, without secrets",
    answer: { about: "Every setting with its source.", schema: "Settings" },
  },
  {
    ...about,
    ...{ method: "get", path: "/openapi.json", access: "lan" },
    summary: "This document",
    answer: { about: "OpenAPI 3.1.", type: "application/json" },
  },
  {
    ...about,
    ...{ method: "get", path: "/docs", access: "lan" },
    summary: "This document as a page",
    answer: { about: "A page without scripts.", type: "text/html" },
  },
  {
    ...about,
    ...{ method: "get", path: "/docs/style.css", access: "lan" },
    summary: "The style of that page",
    answer: { about: "A style sheet.", type: "text/css" },
  },
  {
    ...line,
    ...{ method: "get", path: "/queue", access: "key", answer: queueAnswer },
    summary: "Your waiting and running requests",
  },
  {
    ...line,
    ...{ method: "get", path: "/queue/events", access: "key" },
    summary: "The same as events: one at once, and one after each change",
    answer: { about: "The queue after each change.", event: "Queue", streams: "only" },
  },
  {
    ...line,
    ...{ method: "delete", path: "/queue/{id}", access: "key" },
    summary: "Removes your request from the queue, or stops it",
    parameters: [{ name: "id", in: "path", about: "The id that GET /queue shows." }],
    answer: { about: "The request was removed or stopped.", schema: "QueueDeleted" },
  },
  steering("pause", "Pauses the queue: no request starts, running requests continue"),
  steering("resume", "Resumes the queue"),
  steering("drain", "Drains the queue: refuses new and waiting requests"),
];
