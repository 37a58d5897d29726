import type { Keeper } from "../../generation/keeper.ts";
import type { ConnectionCounts } from "../../limits/connections.ts";
import type { Ear } from "../../telemetry/ear.ts";
import type { StoredResponses } from "../../upstreams/stored-responses.ts";
import type { Upstream } from "../../upstreams/upstream.ts";
import { createKeeperService } from "../keeper-service.ts";
import type { Link } from "../link.ts";
import type { FromWorker, ToWorker } from "../messages.ts";
import { asGatewayError, toWire, type WireError } from "../wire-error.ts";
import { tellHere } from "./telling.ts";

/** What there is once for all workers, in the keeper's process. */
export type WorkerDeskParts = {
  keeper: Keeper;
  telemetry: Parameters<typeof tellHere>[0];
  ear: Pick<Ear, "told">;
  stored: Pick<StoredResponses, "made" | "check">;
  upstreamNamed(name: string): Upstream | undefined;
  connections: ConnectionCounts;
};

/** Where one worker is answered. */
export type WorkerDesk = {
  said(message: FromWorker): void;
  /** The worker is gone. Resolves when the rows of its generations are closed. */
  lost(): Promise<void>;
};

export function createWorkerDesk(
  parts: WorkerDeskParts,
  link: Pick<Link<ToWorker>, "send">,
): WorkerDesk {
  const service = createKeeperService(parts.keeper, link);
  const { stored, upstreamNamed } = parts;
  const doors = new OpenConnections(parts.connections);
  return {
    said(message) {
      switch (message[0]) {
        case "tell":
          tellHere(parts.telemetry, message[1]);
          return;
        case "heard":
          parts.ear.told(message[1], message[2], message[3]);
          return;
        case "made": {
          const upstream = upstreamNamed(message[3]);
          if (upstream !== undefined) stored.made(message[1], message[2], upstream, message[4]);
          return;
        }
        case "may use": {
          const upstreams = message[4].flatMap((name) => upstreamNamed(name) ?? []);
          const fault = faultOf(() => stored.check(message[2], message[3], upstreams));
          link.send(["used", message[1], fault]);
          return;
        }
        case "connected":
          if (!doors.connected(message[1], message[2])) link.send(["drop", message[1]]);
          return;
        case "disconnected":
          doors.disconnected(message[1]);
          return;
        default:
          service.asked(message);
      }
    },
    async lost() {
      doors.lost();
      await service.lost();
    },
  };
}

function faultOf(check: () => void): WireError | null {
  try {
    check();
    return null;
  } catch (cause) {
    return toWire(asGatewayError(cause));
  }
}

/** The counted connections of one worker, by its own numbers. */
class OpenConnections {
  readonly #counts: ConnectionCounts;
  readonly #addresses = new Map<number, string>();

  constructor(counts: ConnectionCounts) {
    this.#counts = counts;
  }

  /** False if its address has too many. */
  connected(number: number, address: string): boolean {
    if (!this.#counts.enter(address)) return false;
    this.#addresses.set(number, address);
    return true;
  }

  disconnected(number: number): void {
    const address = this.#addresses.get(number);
    this.#addresses.delete(number);
    if (address !== undefined) this.#counts.leave(address);
  }

  lost(): void {
    for (const number of [...this.#addresses.keys()]) this.disconnected(number);
  }
}
