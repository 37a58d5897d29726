/** The head of an answer: its status, and the headers a client may see. */
export type Head = { status: number; headers: Record<string, string | string[]> };

/** Of a stream that begins before the upstream's. */
export const streamHead: Head = {
  status: 200,
  headers: {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  },
};

/** Of a JSON answer that begins, with whitespace, before the upstream's. */
export const jsonHead: Head = { status: 200, headers: { "content-type": "application/json" } };
