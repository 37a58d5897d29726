import type { Operation } from "./operation.ts";

const about = { tag: "The gateway itself", errors: "OpenAi" } as const;
const line = { tag: "The line", errors: "OpenAi" } as const;

const healthAnswer = {
  about: "How the gateway, its line and its upstreams are.",
  schema: "Health",
};
const queueAnswer = { about: "The line.", schema: "Queue" };

function steering(action: string, summary: string): Operation {
  const path = `/queue/${action}`;
  return { ...line, method: "post", path, summary, access: "admin", answer: queueAnswer };
}

/** What the gateway says about itself. */
export const gatewayOperations: readonly Operation[] = [
  {
    ...about,
    ...{ method: "get", path: "/health", access: "lan", answer: healthAnswer },
    summary: "Whether the gateway can serve",
    description: "Always 200 while it runs, whatever its upstreams do.",
  },
  {
    ...about,
    ...{ method: "get", path: "/healthz", access: "lan", answer: healthAnswer },
    summary: "The same as /health",
  },
  {
    ...about,
    ...{ method: "get", path: "/metrics", access: "lan" },
    summary: "Metrics for Prometheus",
    description: "404 where METRICS_PORT gives them a port of their own.",
    answer: { about: "Prometheus' text format.", type: "text/plain" },
  },
  {
    ...about,
    ...{ method: "get", path: "/limits", access: "key" },
    summary: "How one's limits stand",
    parameters: [{ name: "user", in: "query", about: "Somebody else; for administrators." }],
    answer: { about: "One's limits.", schema: "Limits" },
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
    summary: "How that page looks",
    answer: { about: "A style sheet.", type: "text/css" },
  },
  {
    ...line,
    ...{ method: "get", path: "/queue", access: "key", answer: queueAnswer },
    summary: "One's own requests in line and under way",
  },
  {
    ...line,
    ...{ method: "get", path: "/queue/events", access: "key" },
    summary: "The same as events, one at once and one after each change",
    answer: { about: "The line, again and again.", event: "Queue", streams: "only" },
  },
  {
    ...line,
    ...{ method: "delete", path: "/queue/{id}", access: "key" },
    summary: "Takes a request of one's own out of the line, or stops it",
    parameters: [{ name: "id", in: "path", about: "As GET /queue shows it." }],
    answer: { about: "It is gone.", schema: "QueueDeleted" },
  },
  steering("pause", "Nothing new starts; what runs goes on"),
  steering("resume", "The line goes on"),
  steering("drain", "Takes nothing new and sends those who wait away"),
];
