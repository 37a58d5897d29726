import { once } from "node:events";
import { createServer as createHttpServer, request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { until } from "../../test/support/harness.ts";
import type { Connection, Hello } from "./ports.ts";
import { openTcpNetwork, type TcpNetwork, type TcpNetworkOptions } from "./tcp-network.ts";

const secret = "a secret of more than thirty-two letters";
const host = "127.0.0.1";

async function newNetwork(options: Partial<TcpNetworkOptions> = {}): Promise<TcpNetwork> {
  const network = await openTcpNetwork({ secret, own: { host, port: 0 }, ...options });
  onTestFinished(() => network.close());
  return network;
}

const helloOf = (gateway: string): Hello => ({
  ...{ protocol: 1, version: "1.2.3", gateway },
  shape: { upstreams: "gpu1=2" },
});

/** One side of a connection, and what it heard. */
type Side = { connection: Connection | null; said: string[]; closed: number };

const newSide = (): Side => ({ connection: null, said: [], closed: 0 });

const listenerOf = (side: Side) => ({
  said: (text: string) => void side.said.push(text),
  closed: () => {
    side.closed += 1;
  },
});

/** Accepts on a network, and shows what came. */
function acceptAt(network: TcpNetwork, name = "called"): Side[] {
  const sides: Side[] = [];
  network.accept(
    () => helloOf(name),
    (connection) => {
      const side = { ...newSide(), connection };
      sides.push(side);
      return listenerOf(side);
    },
  );
  return sides;
}

async function callTo(address: string, network: TcpNetwork): Promise<Side> {
  const side = newSide();
  side.connection = await network.connect(address, helloOf("caller"), listenerOf(side));
  return side;
}

type Change = (bytes: Buffer, toCalled: boolean, forward: (bytes: Buffer) => void) => void;

/** A server in the middle that sees and may change what passes. Its address. */
async function startProxy(target: string, change: Change): Promise<string> {
  return await startServer((client) => {
    const other = connect(Number(target.split(":")[1]), host);
    client.on("data", (bytes) =>
      change(Buffer.from(bytes), true, (changed) => other.write(changed)),
    );
    other.on("data", (bytes) =>
      change(Buffer.from(bytes), false, (changed) => client.write(changed)),
    );
    client.on("error", () => {}).once("close", () => other.destroy());
    other.on("error", () => {}).once("close", () => client.destroy());
  });
}

async function startServer(take: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on("error", () => {}));
    take(socket);
  });
  server.listen(0, host);
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `${host}:${(server.address() as AddressInfo).port}`;
}

/** A stranger's connection: what it was told, and whether it was ended. */
async function strangerAt(
  address: string,
): Promise<{ socket: Socket; told: () => string; ended: () => boolean }> {
  const socket = connect(Number(address.split(":")[1]), host).on("error", () => {});
  let told = "";
  socket.on("data", (bytes) => {
    told += bytes.toString("latin1");
  });
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return { socket, told: () => told, ended: () => socket.closed };
}

const differs =
  /^no connection to the gateway at .+: CLUSTER_SECRET differs, or no gateway answers there$/;
const nonce = "n".repeat(43);

describe("a connection between two gateways", () => {
  test("tells each the hello of the other, and keeps texts whole and in their order", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const sides = acceptAt(two);
    const caller = await callTo(two.address, one);
    await until(() => sides.length === 1, "it is accepted");
    const [called] = sides;
    expect(caller.connection?.hello).toEqual(helloOf("called"));
    expect(called?.connection?.hello).toEqual(helloOf("caller"));
    const texts = ["", '["ä€𝄞"]', "x".repeat(5_000_000), ...Array.from({ length: 500 }, String)];
    for (const text of texts) {
      caller.connection?.send(text);
      called?.connection?.send(text);
    }
    await until(() => called?.said.length === texts.length, "all have arrived");
    await until(() => caller.said.length === texts.length, "all have arrived at the caller");
    expect(called?.said).toEqual(texts);
    expect(caller.said).toEqual(texts);
  });

  test("gives the caller the connection before the first text of it", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    two.accept(
      () => helloOf("called"),
      (connection) => {
        connection.send("first");
        connection.destroy();
        return listenerOf(newSide());
      },
    );
    const order: string[] = [];
    const connected = one.connect(two.address, helloOf("caller"), {
      said: (text) => void order.push(text),
      closed: () => void order.push("closed"),
    });
    await connected.then(() => order.push("connected"));
    await until(() => order.length === 3, "it is over");
    expect(order).toEqual(["connected", "first", "closed"]);
  });

  test("that one side destroys is closed on both, once", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const sides = acceptAt(two);
    const caller = await callTo(two.address, one);
    await until(() => sides.length === 1, "it is accepted");
    caller.connection?.destroy();
    caller.connection?.destroy();
    caller.connection?.send("too late");
    await until(() => caller.closed === 1 && sides[0]?.closed === 1, "both are closed");
    expect(sides[0]?.said).toEqual([]);
  });

  test("is refused where nobody accepts, or no longer", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    await expect(callTo(two.address, one)).rejects.toThrow(differs);
    const end = two.accept(
      () => helloOf("called"),
      () => listenerOf(newSide()),
    );
    await callTo(two.address, one);
    end();
    await expect(callTo(two.address, one)).rejects.toThrow(differs);
  });

  test("is refused where nothing listens, and where something says nothing", async () => {
    const one = await newNetwork({ connectMs: 200 });
    await expect(callTo(`${host}:1`, one)).rejects.toThrow(/: nothing answers there$/);
    const silent = await startServer(() => {});
    await expect(callTo(silent, one)).rejects.toThrow(differs);
    await expect(callTo("nowhere", one)).rejects.toThrow("is no address of a gateway (host:port)");
  });

  test("is ended where the other side does not read what waits for it", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    acceptAt(two);
    // What passes first is the handshake; the rest stays in the middle.
    let bytes = 0;
    const stopping = await startServer((client) => {
      const other = connect(Number(two.address.split(":")[1]), host).on("error", () => {});
      other.pipe(client).once("close", () => other.destroy());
      client.on("data", (chunk) => {
        bytes += chunk.length;
        other.write(chunk);
        if (bytes > 100_000) client.pause();
      });
    });
    const caller = await callTo(stopping, one);
    const text = "x".repeat(1_000_000);
    for (let sent = 0; sent < 64 && caller.closed === 0; sent++) {
      caller.connection?.send(text);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(caller.closed).toBe(1);
  });

  test("cannot carry a text of two lines, nor one that is too long", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const sides = acceptAt(two);
    const caller = await callTo(two.address, one);
    await until(() => sides.length === 1, "it is accepted");
    expect(() => caller.connection?.send("a\nb")).toThrow("one line");
    caller.connection?.send("x".repeat(9 << 20));
    await until(() => sides[0]?.closed === 1, "it is ended");
    expect(sides[0]?.said).toEqual([]);
  });
});

describe("a stranger", () => {
  test("with another secret is refused on both sides", async () => {
    const [one, two] = [await newNetwork({ secret: `${secret}.` }), await newNetwork()];
    const sides = acceptAt(two);
    await expect(callTo(two.address, one)).rejects.toThrow(differs);
    await expect(one.openPass(two.address)).rejects.toThrow(differs);
    expect(sides).toEqual([]);
  });

  test("who calls is shown a nonce and no proof", async () => {
    const two = await newNetwork();
    const { socket, told, ended } = await strangerAt(two.address);
    socket.write(`LLM-GATEWAY/1 link ${nonce}\n${nonce}\n`);
    await until(ended, "it is ended");
    expect(told()).toMatch(/^LLM-GATEWAY\/1 [\w-]{43}\n$/);
  });

  test.each([
    ["HTTP", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["another version", `LLM-GATEWAY/2 link ${nonce}\n`],
    ["another kind", `LLM-GATEWAY/1 other ${nonce}\n`],
    ["a line without an end", "x".repeat(20_000)],
    ["a short nonce", "LLM-GATEWAY/1 link n\n"],
  ])("who says %s is told nothing", async (_, text) => {
    const two = await newNetwork();
    const { socket, told, ended } = await strangerAt(two.address);
    socket.write(text);
    await until(ended, "it is ended");
    expect(told()).toBe("");
  });

  test("who replays a whole connection is refused", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const sides = acceptAt(two);
    const sent: Buffer[] = [];
    const proxy = await startProxy(two.address, (bytes, toCalled, forward) => {
      if (toCalled) sent.push(bytes);
      forward(bytes);
    });
    const caller = await callTo(proxy, one);
    caller.connection?.send("secret text");
    await until(() => sides[0]?.said.length === 1, "it has arrived");
    const { socket, ended } = await strangerAt(two.address);
    socket.write(Buffer.concat(sent));
    await until(ended, "the replay is ended");
    expect(sides).toHaveLength(1);
  });

  test("who answers with the caller's own words is refused", async () => {
    const one = await newNetwork();
    await expect(callTo(await startServer((socket) => socket.pipe(socket)), one)).rejects.toThrow(
      differs,
    );
    // The caller's proof, given back as that of the called.
    const mirror = await startServer((socket) => {
      socket.once("data", () => {
        socket.write(`LLM-GATEWAY/1 ${nonce}\n`);
        socket.on("data", (bytes) => socket.write(bytes));
      });
    });
    await expect(callTo(mirror, one)).rejects.toThrow(differs);
  });

  test("who takes a proof for one kind of connection to another kind is refused", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const passed: Socket[] = [];
    two.acceptPass((socket) => void passed.push(socket));
    acceptAt(two);
    const proxy = await startProxy(two.address, (bytes, _toCalled, forward) =>
      forward(Buffer.from(bytes.toString("latin1").replace(" link ", " pass "), "latin1")),
    );
    await expect(callTo(proxy, one)).rejects.toThrow(differs);
    expect(passed).toEqual([]);
  });

  test("who is slow is ended, and many at once keep nobody out", async () => {
    const [one, two] = [await newNetwork(), await newNetwork({ proofMs: 500, mostUnproved: 5 })];
    const sides = acceptAt(two);
    const strangers = await Promise.all(Array.from({ length: 20 }, () => strangerAt(two.address)));
    const left = (): number => strangers.filter(({ ended }) => !ended()).length;
    await until(() => left() <= 5, "the oldest have given way");
    const caller = await callTo(two.address, one);
    const drip = setInterval(() => strangers.at(-1)?.socket.write("L"), 50);
    onTestFinished(() => clearInterval(drip));
    await until(() => left() === 0, "all are ended");
    expect([caller.closed, sides.length]).toEqual([0, 1]);
  });

  test("who has the secret and says no hello is ended", async () => {
    const [one, two] = [await newNetwork(), await newNetwork({ proofMs: 300 })];
    const sides = acceptAt(two);
    const proxy = await startProxy(two.address, (bytes, toCalled, forward) => {
      if (!toCalled || bytes.length < 100) forward(bytes);
    });
    const caller = await callTo(proxy, one);
    await until(() => caller.closed === 1, "it is ended");
    expect(sides).toEqual([]);
  });
});

describe("somebody on the wire", () => {
  test.each<[string, (frame: Buffer) => Buffer]>([
    ["changes a letter", (frame) => Buffer.from(frame.toString().replace("Y", "Z"))],
    ["changes a seal", (frame) => Buffer.concat([Buffer.from("!"), frame.subarray(1)])],
    ["cuts a frame", (frame) => Buffer.concat([frame.subarray(0, -4), Buffer.from("\n")])],
    ["repeats a frame", (frame) => Buffer.concat([frame, frame])],
    ["adds a line", (frame) => Buffer.concat([Buffer.from("\n"), frame])],
    ["drops a frame", () => Buffer.alloc(0)],
  ])("who %s ends the connection, and nothing of it is heard", async (_, change) => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const sides = acceptAt(two);
    let isChanged = false;
    const proxy = await startProxy(two.address, (bytes, toCalled, forward) => {
      const isOfTest = toCalled && bytes.includes('"Y');
      isChanged ||= isOfTest;
      forward(isOfTest ? change(bytes) : bytes);
    });
    const caller = await callTo(proxy, one);
    caller.connection?.send('["right"]');
    await until(() => sides[0]?.said.length === 1, "the first has arrived");
    caller.connection?.send('["Y....."]');
    await until(() => isChanged, "the frame is on its way");
    // A drop shows with the next frame.
    await until(() => {
      caller.connection?.send('["after"]');
      return sides[0]?.closed === 1 && caller.closed === 1;
    }, "both sides are closed");
    expect(sides[0]?.said.filter((text) => text !== '["Y....."]')).toEqual(['["right"]']);
  });

  test("who sends a frame back to its sender ends the connection", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    acceptAt(two);
    const proxy = await startServer((client) => {
      const other = connect(Number(two.address.split(":")[1]), host).on("error", () => {});
      other.pipe(client).once("close", () => other.destroy());
      client.on("data", (bytes) =>
        bytes.includes("mine") ? client.write(bytes) : other.write(bytes),
      );
    });
    const caller = await callTo(proxy, one);
    caller.connection?.send('["mine"]');
    await until(() => caller.closed === 1, "it is closed");
    expect(caller.said).toEqual([]);
  });
});

describe("a connection for requests that are passed on", () => {
  test("is plain HTTP after the proof", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const server = createHttpServer((incoming, response) => {
      incoming.pipe(response.writeHead(200, { "x-path": incoming.url ?? "" }));
    });
    two.acceptPass((socket) => void server.emit("connection", socket));
    const socket = await one.openPass(two.address);
    for (const path of ["/queue", "/health"]) {
      const sending = request({ createConnection: () => socket, path, method: "POST" });
      sending.setHeader("connection", "keep-alive").end("body");
      const [response] = await once(sending, "response");
      expect(response.headers["x-path"]).toBe(path);
      expect(Buffer.concat(await response.toArray()).toString()).toBe("body");
    }
  });

  test("is ended where nobody takes requests", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const socket = await one.openPass(two.address);
    await until(() => socket.closed, "it is ended");
  });

  test("is ended with its network", async () => {
    const [one, two] = [await newNetwork(), await newNetwork()];
    const passed: Socket[] = [];
    two.acceptPass((socket) => void passed.push(socket));
    await one.openPass(two.address);
    await until(() => passed.length === 1, "it is accepted");
    await two.close();
    expect(passed[0]?.destroyed).toBe(true);
  });
});

describe("the port for other gateways", () => {
  test("is on every address where the host is a name, or an address of others", async () => {
    const one = await newNetwork();
    for (const strange of ["gpu1.lan", "192.0.2.1"]) {
      const two = await newNetwork({ own: { host: strange, port: 0 } });
      acceptAt(two);
      expect(two.address).toMatch(new RegExp(`^${strange}:\\d+$`));
      await callTo(two.address.replace(strange, host), one);
    }
  });

  test("that is taken is told with the setting", async () => {
    const { address } = await newNetwork();
    const port = Number(address.split(":")[1]);
    await expect(newNetwork({ own: { host, port } })).rejects.toThrow(
      `cannot listen on ${host}:${port} for the other gateways (CLUSTER_URL): EADDRINUSE`,
    );
  });
});
