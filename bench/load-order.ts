/** What a load process is told to do. Times in seconds. */
export type LoadOrder = {
  port: number;
  base: string;
  key: string;
  mode: "json" | "sse" | "added";
  connections: number;
  tokens: number;
  warm: number;
  seconds: number;
  /** Whose CPU is measured; null for nobody's. */
  pid: number | null;
  /** `added` only: where the mock listens, to compare with. */
  directPort: number;
};

/** What it saw. Latencies in microseconds. */
export type LoadResult = {
  exchanges: number;
  chunks: number;
  seconds: number;
  cpuSeconds: number | null;
  errors: number;
  firstError: string | null;
  latency: Spread;
  /** Until the first chunk; zero where there are none. */
  firstChunk: Spread;
  /** From the mock's sending of a stream's last chunk to its arrival. */
  transit: Spread;
  /** `added` only: the median through, less the median direct. */
  addedUs: number | null;
};

type Spread = { median: number; p99: number };

/** The request of every exchange: a prompt of 200 bytes. */
export function requestBytes(order: LoadOrder, base: string = order.base): Buffer {
  const streamed = order.mode === "sse";
  const body = JSON.stringify({
    model: "mock",
    stream: streamed,
    max_tokens: order.tokens,
    messages: [{ role: "user", content: "a".repeat(200) }],
    ...(streamed ? { stream_options: { include_usage: true } } : {}),
  });
  return Buffer.from(
    `POST ${base}/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:${order.port}\r\n` +
      `Content-Type: application/json\r\nAuthorization: Bearer ${order.key}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Median and 99th percentile; zeros for none. */
export function spreadOf(values: number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { median: at(0.5), p99: at(0.99) };
}
