import type { Socket } from "node:net";
import { GatewayError } from "../errors.ts";
import { FrameReader } from "./frame-reader.ts";
import { RealtimeUsage } from "./realtime-usage.ts";

export type WatchOptions = {
  /** How long both sides may send no data; 0 is for ever. Milliseconds. */
  idleMs: number;
  /** After so long without a byte the client gets a ping. Milliseconds. */
  pingMs?: number;
  /** Whether the key that opened the socket still lets the same user in. */
  isStill(): Promise<boolean>;
  /** Ends both sockets. */
  stop(reason: GatewayError): void;
};

/** No proxy takes a socket for dead in so short a time. Milliseconds. */
const oftenMs = 30_000;
/** How often the key is asked for. Milliseconds. */
const stillMs = 5_000;
/** An empty ping of a server (RFC 6455 §5.5.2). */
const ping = Buffer.from([0x89, 0]);

/**
 * Watches two sockets that were joined: ends them when nobody sends data, or when the key that opened
 * them is gone, and reads the usage of realtime events. Call it when they are joined.
 */
export function watchSockets(
  client: Socket,
  upstream: Socket,
  { idleMs, pingMs = oftenMs, isStill, stop }: WatchOptions,
): { usage: RealtimeUsage; end(): void } {
  const usage = new RealtimeUsage();
  const sent = new FrameReader();
  const answered = new FrameReader((message) => usage.read(message));
  let writtenAt = performance.now();
  client.on("data", (chunk: Buffer) => sent.push(chunk));
  upstream.on("data", (chunk: Buffer) => {
    writtenAt = performance.now();
    answered.push(chunk);
  });
  const everyMs = Math.min(stillMs, pingMs, idleMs > 0 ? Math.max(100, idleMs / 4) : stillMs);
  let askedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const activeAt = Math.max(sent.activeAt, answered.activeAt);
    if (idleMs > 0 && now - activeAt > idleMs) stop(idle());
    if (now - writtenAt > pingMs && answered.isBetweenFrames && client.writable) {
      writtenAt = now;
      client.write(ping);
    }
    if (now - askedAt < stillMs) return;
    askedAt = now;
    void isStill().then((still) => {
      if (!still) stop(gone());
    });
  }, everyMs);
  return { usage, end: () => clearInterval(timer) };
}

const idle = (): GatewayError =>
  new GatewayError("upstream_timeout", "Nothing was sent for too long (IDLE_TIMEOUT).");

const gone = (): GatewayError =>
  new GatewayError("cancelled", "The key that opened this WebSocket is no longer valid.");
