import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";

export type CuttingRelay = {
  port: number;
  /** Destroys every connection, as a lost network does; new ones are let through. */
  cut(): void;
  close(): Promise<void>;
};

/** Passes bytes between its own port and `target`, both on this machine. */
export async function startCuttingRelay(target: number): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
  };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    keep(client);
    keep(upstream);
    client.pipe(upstream).pipe(client);
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
