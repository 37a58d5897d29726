import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { GatewayError } from "../../errors.ts";
import { isPassedOn } from "../../exchange.ts";
import type { ClusterState } from "../../server/cluster-state.ts";
import { clientElsewhereLine } from "../client-of.ts";
import { createRelay, type Relay } from "../relay.ts";
import { isKeepers } from "./keepers-routes.ts";

export type PassOnParts = {
  /** Resolves with a connection on which the gateway there answers. Rejects if nothing answers. */
  openPass(address: string): Promise<Socket>;
  current(): Pick<ClusterState, "role" | "keeperAddress" | "term">;
  /** Whether this is PUBLIC_PORT. */
  isPublicPort(localPort: number | undefined): boolean;
};

/** As much of Express's request as tells its route. */
type Routed = IncomingMessage & { readonly path: string };

/** A step before the routes: `next` goes on to them, or to the answer of an error. */
export type Elsewhere = (
  request: Routed,
  response: ServerResponse,
  next: (cause?: GatewayError) => void,
) => void;

/** How often it is looked whether the keeper is still the same. Milliseconds. */
const lookEveryMs = 500;
/** So long the keeper may take before it begins to answer. Milliseconds. */
const patienceMs = 15_000;

/**
 * What only the keeper can answer goes to the keeper, from every gateway. If another gateway becomes
 * the keeper, answers that have begun are cut: who follows the queue asks again, and sees the new one.
 */
export function createPassOn(parts: PassOnParts): Elsewhere {
  const answers = new KeepersAnswers(() => termOf(parts.current()));
  const relays = new KeepersRelays(parts);
  return (request, response, next) => {
    if (!isKeepers(request.method, request.path)) {
      next();
      return;
    }
    const { role, keeperAddress, term } = parts.current();
    const inTerm = termOf({ role, keeperAddress, term });
    if (role === "keeper") {
      answers.follow(response, inTerm, () => response.destroy());
      next();
    } else if (isPassedOn(request)) {
      // Passed on once more it could go in a circle.
      next(noKeeper("This gateway does not keep the queue any more."));
    } else if (role === "none" || keeperAddress === null) {
      next(noKeeper("No gateway keeps the queue at present."));
    } else {
      const fail = (): void => next(noKeeper("The gateway that keeps the queue does not answer."));
      const end = relays.to(keeperAddress, inTerm).pass(request, response, fail);
      answers.follow(response, inTerm, end);
      const timer = setTimeout(() => {
        if (!response.headersSent) end();
      }, patienceMs).unref();
      response.once("close", () => clearTimeout(timer));
    }
  };
}

type Keeping = ReturnType<PassOnParts["current"]>;

/** A text of its own for each keeper. */
const termOf = ({ role, keeperAddress, term }: Keeping): string =>
  `${role} ${term} ${keeperAddress}`;

const noKeeper = (why: string): GatewayError =>
  new GatewayError("no_keeper", `${why} Try again in a few seconds.`, {
    headers: { "retry-after": "2" },
  });

/** The relay to the keeper of now. Connections to an earlier one end with their clients'. */
class KeepersRelays {
  readonly #parts: PassOnParts;
  #inTerm = "";
  #relay: Relay | null = null;

  constructor(parts: PassOnParts) {
    this.#parts = parts;
  }

  to(address: string, inTerm: string): Relay {
    if (this.#relay === null || this.#inTerm !== inTerm) {
      this.#relay = createRelay((client) => this.#open(address, client));
      this.#inTerm = inTerm;
    }
    return this.#relay;
  }

  async #open(address: string, client: Socket): Promise<Socket> {
    const isPublic = this.#parts.isPublicPort(client.localPort);
    const socket = await this.#parts.openPass(address);
    socket.on("error", () => socket.destroy());
    if (client.destroyed) {
      socket.destroy();
      throw new Error("the client has left");
    }
    socket.write(clientElsewhereLine(client, isPublic));
    return socket;
  }
}

type Following = { readonly inTerm: string; readonly end: () => void };

/** The answers of a keeper that have not ended yet. */
class KeepersAnswers {
  readonly #termNow: () => string;
  readonly #open = new Map<ServerResponse, Following>();
  #timer: NodeJS.Timeout | null = null;

  constructor(termNow: () => string) {
    this.#termNow = termNow;
  }

  /** Calls `end` if the keeper changes before the answer is complete. */
  follow(response: ServerResponse, inTerm: string, end: () => void): void {
    this.#open.set(response, { inTerm, end });
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs).unref();
    response.once("close", () => {
      this.#open.delete(response);
      if (this.#open.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
    });
  }

  #look(): void {
    const now = this.#termNow();
    for (const { inTerm, end } of [...this.#open.values()]) if (inTerm !== now) end();
  }
}
