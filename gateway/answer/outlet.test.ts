import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { sse } from "../dialects/sse/sse-framing.ts";
import type { Exchange } from "../exchange.ts";
import { Outlet } from "./outlet.ts";

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

type Write = (outlet: Outlet, request: IncomingMessage) => Promise<void> | void;

/** Answers each request by an outlet; gives the port. */
async function answering(write: Write, mayFrame = true): Promise<number> {
  const exchange = { requestId: "r1", dialect: "chat", isOpenRouter: false } as Exchange;
  server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void write(new Outlet(response, exchange, mayFrame), request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Everything that the server sends until it closes, or until `enough` has come. */
async function sent(port: number, text: string, enough = ""): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(text);
  let got = "";
  for await (const bytes of socket) {
    got += (bytes as Buffer).toString("latin1");
    if (enough !== "" && got.includes(enough)) break;
  }
  return got;
}

/** Counts the system calls with which the socket of a request is written to. */
function writesOf({ socket }: IncomingMessage): () => number {
  const write = vi.spyOn(socket, "_write");
  const writev = vi.spyOn(socket as Required<typeof socket>, "_writev");
  return () => write.mock.calls.length + writev.mock.calls.length;
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4);
const get = (version: string, path = "/"): string =>
  `GET ${path} HTTP/${version}\r\nhost: x\r\n\r\n`;

const twoEvents: Write = async (outlet) => {
  outlet.head(sse.head, 0);
  outlet.write("data: 1\n\n");
  outlet.write("data: 2\n\n");
  await sleep(20);
  outlet.write(Buffer.from("data: ü\n\n"));
  await sleep(20);
  outlet.end("data: [DONE]\n\n", () => {});
};

const framed = [
  "12\r\ndata: 1\n\ndata: 2\n\n\r\n",
  "a\r\ndata: \u00c3\u00bc\n\n\r\n",
  "e\r\ndata: [DONE]\n\n\r\n",
  "0\r\n\r\n",
].join("");

describe("an outlet", () => {
  it("sends what is written in one turn as one chunk, and ends with the last", async () => {
    const port = await answering(twoEvents);
    const answer = await sent(port, get("1.1"), "0\r\n\r\n");
    expect(answer.toLowerCase()).toContain("transfer-encoding: chunked\r\n");
    expect(bodyOf(answer)).toBe(framed);
  });

  it("sends what was written with the end, in one piece, if the end follows in the same turn", async () => {
    let writes = (): number => 0;
    const port = await answering((outlet, request) => {
      writes = writesOf(request);
      outlet.head(sse.head, 0);
      outlet.write("data: 1\n\n");
      outlet.write("data: 2\n\n");
      outlet.expectEnd();
      // As a commit of this turn does, which is scheduled once the accounts are closed.
      const end = (): void => outlet.end("data: [DONE]\n\n", () => {});
      process.nextTick(() => queueMicrotask(() => setImmediate(end)));
    });
    const answer = await sent(port, get("1.1"), "0\r\n\r\n");
    expect(bodyOf(answer)).toBe("20\r\ndata: 1\n\ndata: 2\n\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    expect(writes()).toBe(1);
  });

  it("holds nothing back for an end that does not follow in the same turn", async () => {
    const seen = Promise.withResolvers<void>();
    const port = await answering(async (outlet) => {
      outlet.head(sse.head, 0);
      outlet.write("data: 1\n\n");
      outlet.expectEnd();
      await seen.promise;
      outlet.write("data: 2\n\n");
      outlet.end("data: [DONE]\n\n", () => {});
    });
    const socket = connect(port, "127.0.0.1");
    socket.write(get("1.1"));
    let got = "";
    for await (const bytes of socket) {
      got += (bytes as Buffer).toString("latin1");
      if (got.includes("data: 1\n\n")) seen.resolve();
      if (got.endsWith("0\r\n\r\n")) break;
    }
    expect(bodyOf(got)).toBe("9\r\ndata: 1\n\n\r\n17\r\ndata: 2\n\ndata: [DONE]\n\n\r\n0\r\n\r\n");
  });

  it("holds nothing back for long, though the end is announced again and again", async () => {
    let turns = 0;
    const port = await answering(async (outlet, request) => {
      const writes = writesOf(request);
      outlet.head(sse.head, 0);
      outlet.write("data: 1\n\n");
      for (; writes() === 0 && turns < 100; turns++) {
        outlet.expectEnd();
        await new Promise((resolve) => setImmediate(resolve));
      }
      outlet.end("data: [DONE]\n\n", () => {});
    });
    await sent(port, get("1.1"), "0\r\n\r\n");
    expect(turns).toBeLessThan(5);
  });

  it("loses nothing of what was held for an end, if there is a cut instead", async () => {
    const port = await answering((outlet) => {
      outlet.head(sse.head, 0);
      outlet.write("data: 1\n\n");
      outlet.expectEnd();
      setImmediate(() => outlet.destroy());
    });
    expect(bodyOf(await sent(port, get("1.1")))).toBe("9\r\ndata: 1\n\n\r\n");
  });

  it("sends the same bytes where Node frames them", async () => {
    const port = await answering(twoEvents, false);
    const answer = await sent(port, get("1.1"), "0\r\n\r\n");
    expect(bodyOf(answer)).toBe(framed);
  });

  it("frames nothing for a client of HTTP/1.0, and closes", async () => {
    const port = await answering(twoEvents);
    const answer = await sent(port, get("1.0"));
    expect(answer.toLowerCase()).not.toContain("transfer-encoding");
    expect(bodyOf(answer)).toBe("data: 1\n\ndata: 2\n\ndata: \u00c3\u00bc\n\ndata: [DONE]\n\n");
  });

  it("keeps the answers of a pipelining client apart, and in order", async () => {
    const port = await answering(async (outlet, { url }) => {
      outlet.head(sse.head, 0);
      outlet.write(`${url}:`);
      await sleep(url === "/a" ? 40 : 1);
      outlet.end("end", () => {});
    });
    const both = await sent(
      port,
      get("1.1", "/a") + get("1.1", "/b"),
      "/b:\r\n3\r\nend\r\n0\r\n\r\n",
    );
    expect(both.indexOf("3\r\n/a:\r\n3\r\nend\r\n0\r\n\r\n")).toBeGreaterThan(0);
    expect(both.indexOf("/b:")).toBeGreaterThan(both.indexOf("/a:"));
  });

  it("can be used again on the same connection after a stream", async () => {
    const port = await answering(twoEvents);
    const answers = await sent(port, get("1.1") + get("1.1"), `${framed}HTTP/1.1 200`);
    expect(answers.split("HTTP/1.1 200")).toHaveLength(3);
  });

  it("sends a whole body with its length, unframed", async () => {
    const port = await answering((outlet) => {
      outlet.head({ status: 200, headers: { "content-length": "2" } }, 3);
      outlet.end("{}", () => {});
    });
    const answer = await sent(port, get("1.1"), "{}");
    expect(answer).toContain("x-queue-position: 3\r\n");
    expect(bodyOf(answer)).toBe("{}");
  });

  it("ends a body of nothing", async () => {
    const port = await answering((outlet) => {
      outlet.head(sse.head, 0);
      outlet.end(null, () => {});
    });
    expect(bodyOf(await sent(port, get("1.1"), "0\r\n\r\n"))).toBe("0\r\n\r\n");
  });

  it("knows of a client that takes nothing while nobody waits for it to: it must not pile up", async () => {
    const stalls: number[] = [];
    const taken = Promise.withResolvers<void>();
    const port = await answering(async (outlet) => {
      outlet.head(sse.head, 0);
      while (outlet.write("x".repeat(1024 * 1024))) await sleep(1);
      const from = performance.now();
      stalls.push(outlet.stall(from));
      stalls.push(outlet.stall(from + 5_000));
      taken.resolve();
      while (outlet.stall(from + 5_000) > 0) await sleep(5);
      outlet.end(null, () => {});
    });
    const socket = connect(port, "127.0.0.1").pause();
    socket.write(get("1.1"));
    await taken.promise;
    expect(stalls[0]).toBeLessThan(4_000);
    expect(stalls[1]).toBeGreaterThan(4_000);
    const ended = new Promise<void>((resolve) => {
      socket.on("data", (chunk) => {
        if (chunk.toString("latin1").endsWith("0\r\n\r\n")) resolve();
      });
    });
    socket.resume();
    await ended;
    socket.destroy();
  });

  it("asks to pause while its client takes nothing, and calls back when it does again", async () => {
    const piece = "x".repeat(1024 * 1024);
    let pieces = 0;
    const drained = Promise.withResolvers<void>();
    const port = await answering(async (outlet) => {
      outlet.head(sse.head, 0);
      while (outlet.write(piece)) {
        pieces++;
        await sleep(1);
      }
      outlet.whenDrained(() => {
        drained.resolve();
        outlet.end(null, () => {});
      });
      expect(outlet.stall(performance.now())).toBeGreaterThanOrEqual(0);
    });
    const socket = connect(port, "127.0.0.1").pause();
    socket.write(get("1.1"));
    await sleep(300);
    expect(pieces).toBeLessThan(64);
    let bytes = 0;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
    });
    socket.resume();
    await drained.promise;
    while (bytes < (pieces + 1) * piece.length) await sleep(5);
    socket.destroy();
  });

  it("writes nothing more to a client that has left", async () => {
    const closed = Promise.withResolvers<void>();
    const port = await answering(async (outlet) => {
      outlet.head(sse.head, 0);
      outlet.write("data: 1\n\n");
      while (!outlet.isGone) await sleep(5);
      outlet.write("data: 2\n\n");
      await sleep(5);
      outlet.end("data: 3\n\n", closed.resolve);
    });
    await sent(port, get("1.1"), "data: 1");
    await closed.promise;
  });
});
