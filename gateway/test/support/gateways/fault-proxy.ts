import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

/** A network between two processes, which a test can break. */
export type FaultProxy = {
  readonly port: number;
  /** Resets every connection, and each new one. */
  cut(): void;
  /** Loses nothing and passes nothing on: bytes, and ends of connections, wait until it is healed. */
  silence(which?: "both ways" | "answers"): void;
  /** Passes everything on so much later. Milliseconds. */
  delay(ms: number): void;
  heal(): void;
  close(): Promise<void>;
};

type Weather = { isCut: boolean; isSilent: boolean; areAnswersSilent: boolean; delayMs: number };

const fair: Weather = { isCut: false, isSilent: false, areAnswersSilent: false, delayMs: 0 };

/** Passes bytes between its own port and `target`, both on this machine. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  let weather = fair;
  const sockets = new Set<Socket>();
  const held = new Set<() => void>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true).on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  };
  const resetAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = createServer((caller) => {
    keep(caller);
    if (weather.isCut) {
      caller.resetAndDestroy();
      return;
    }
    const called = createConnection(target, "127.0.0.1");
    keep(called);
    pass(caller, called, held, () => ({ ...weather, isHeld: weather.isSilent }));
    pass(called, caller, held, () => {
      return { ...weather, isHeld: weather.isSilent || weather.areAnswersSilent };
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      weather = { ...fair, isCut: true };
      resetAll();
    },
    silence(which = "both ways") {
      weather = { ...fair, isSilent: which === "both ways", areAnswersSilent: true };
    },
    delay(delayMs) {
      weather = { ...fair, delayMs };
    },
    heal() {
      weather = fair;
      for (const go of held) go();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      resetAll();
      await closed;
    },
  };
}

type Act = { readonly due: number; act(): void };

/** Passes on in order what comes from one side: bytes, and the end. */
function pass(
  from: Socket,
  to: Socket,
  held: Set<() => void>,
  weather: () => { isHeld: boolean; delayMs: number },
): void {
  const waiting: Act[] = [];
  let timer: NodeJS.Timeout | undefined;
  const go = (): void => {
    clearTimeout(timer);
    while (waiting[0] !== undefined && !weather().isHeld) {
      const left = waiting[0].due - performance.now();
      if (left > 0) {
        timer = setTimeout(go, left).unref();
        return;
      }
      waiting.shift()?.act();
    }
  };
  const later = (act: () => void): void => {
    waiting.push({ due: performance.now() + weather().delayMs, act });
    go();
  };
  held.add(go);
  to.once("close", () => held.delete(go));
  from.on("data", (bytes: Buffer) => later(() => void to.write(bytes)));
  from.once("end", () => later(() => void to.end()));
  from.once("close", () => later(() => void to.destroy()));
}
