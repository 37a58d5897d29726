import type { Socket } from "node:net";
import type { Keeper } from "../../generation/keeper.ts";
import type { StoredParts } from "../../generation/stored.ts";
import { createEar, type Ear } from "../../telemetry/ear.ts";
import type { Tracing } from "../../telemetry/tracing.ts";
import { createStoredResponses } from "../../upstreams/stored-responses.ts";
import type { Link } from "../link.ts";
import type { FromWorker, ToWorker } from "../messages.ts";
import { createRemoteKeeper } from "../remote-keeper.ts";
import { fromWire } from "../wire-error.ts";
import { createWorkerTelemetry, type WorkerTelemetry } from "./telling.ts";

/** What a worker has instead of the parts that there are once for all. */
export type WorkerSide = {
  readonly keeper: Keeper;
  readonly telemetry: WorkerTelemetry;
  readonly ear: Pick<Ear, "arrived" | "read" | "failed">;
  readonly stored: StoredParts["stored"];
  /** Counts a connection with those of the other workers. It is closed a moment later if one too many. */
  admit(socket: Socket): boolean;
  readonly isDraining: boolean;
  told(message: ToWorker): void;
};

export type WorkerSideOptions = {
  /** Whether the connections of an address are limited. */
  countsConnections: boolean;
  tracing: Tracing | null;
};

export function createWorkerSide(
  link: Pick<Link<FromWorker>, "send">,
  { countsConnections, tracing }: WorkerSideOptions,
): WorkerSide {
  const keeper = createRemoteKeeper(link);
  const ear = createEar({
    onHeard: (user, id, request) => link.send(["heard", user, id, request]),
  });
  const stored = createRemoteStored(link);
  const connections = new Map<number, Socket>();
  let last = 0;
  let isDraining = false;
  return {
    keeper,
    telemetry: createWorkerTelemetry((told) => link.send(["tell", told]), tracing),
    ear,
    stored: stored.port,
    get isDraining() {
      return isDraining;
    },
    admit(socket) {
      const { remoteAddress } = socket;
      if (!countsConnections || remoteAddress === undefined) return true;
      const number = ++last;
      connections.set(number, socket);
      link.send(["connected", number, remoteAddress]);
      socket.once("close", () => {
        connections.delete(number);
        link.send(["disconnected", number]);
      });
      return true;
    },
    told(message) {
      switch (message[0]) {
        case "listen":
          return ear.listenUntil(message[1], message[2]);
        case "used":
          return stored.answered(message[1], message[2] === null ? null : fromWire(message[2]));
        case "drop":
          return void connections.get(message[1])?.destroy();
        case "drain":
          isDraining = true;
          return;
        default:
          return keeper.answered(message);
      }
    },
  };
}

type Question = PromiseWithResolvers<void>;

/** Who made which stored response is known by the keeper's process alone. */
function createRemoteStored(link: Pick<Link<FromWorker>, "send">) {
  const here = createStoredResponses();
  const questions = new Map<number, Question>();
  let last = 0;
  const port: StoredParts["stored"] = {
    made(user, id, upstream, names) {
      link.send(["made", user, id, upstream.name, names]);
    },
    check(use, user, upstreams) {
      here.check({ ...use, ids: [] }, user, upstreams);
      if (use.ids.length === 0) return;
      const number = ++last;
      const question = Promise.withResolvers<void>();
      questions.set(number, question);
      const names = upstreams.map(({ name }) => name);
      link.send(["may use", number, use, user, names]);
      return question.promise;
    },
  };
  return {
    port,
    answered(number: number, error: Error | null): void {
      const question = questions.get(number);
      questions.delete(number);
      if (error === null) question?.resolve();
      else question?.reject(error);
    },
  };
}
