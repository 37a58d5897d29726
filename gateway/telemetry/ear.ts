import type { IncomingMessage } from "node:http";
import { BoundedMap } from "../bounded-map.ts";
import type { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";

/** A field of a body: its name and what it holds, never the value. */
export type HeardField = { readonly name: string; readonly type: string };

/** A request as it arrived, without any text of it. */
export type HeardRequest = {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headerNames: readonly string[];
  fields: readonly HeardField[];
  /** What was wrong with it; null: nothing. */
  fault: string | null;
};

/** Shows people how the next request of their program arrives. In memory, once, for 5 minutes. */
export type Ear = {
  /** Listens for the next request of a user. Returns until when, epoch ms. */
  listen(user: string, now: number): number;
  /** What was heard; `until` is null if nobody listens. */
  heard(user: string, now: number): { until: number | null; request: HeardRequest | null };
  /** A request of the API has come. */
  arrived(user: string, exchange: Exchange, request: IncomingMessage): void;
  /** Its body has been read; `fields` is asked only if it is listened for. */
  read(user: string, exchange: Exchange, fields: () => readonly HeardField[]): void;
  failed(user: string, exchange: Exchange, error: GatewayError): void;
  /** Listens as another process of the gateway was asked to. */
  listenUntil(user: string, until: number): void;
  /** Another process has heard this; `id` is that of the exchange. */
  told(user: string, id: string, request: HeardRequest): void;
};

/** How the ears of several processes are one. */
type EarOptions = {
  /** Somebody begins to listen. */
  onListen?: (user: string, until: number) => void;
  /** Something more was heard. */
  onHeard?: (user: string, id: string, request: HeardRequest) => void;
};

type Listening = { until: number; id: string | null; request: HeardRequest | null };

const lastsMs = 300_000;
/** Users that listen at once, and what is kept of a request. */
const [mostUsers, mostNames, longestName] = [1_000, 100, 64];

export function createEar({ onListen, onHeard }: EarOptions = {}): Ear {
  const byUser = new BoundedMap<Listening>(mostUsers);

  /** What was heard of this exchange, if it is the one. */
  function requestOf(user: string, { id }: Exchange): HeardRequest | null {
    const listening = byUser.get(user);
    return listening?.id === id ? listening.request : null;
  }

  return {
    listen(user, now) {
      const until = now + lastsMs;
      byUser.set(user, { until, id: null, request: null });
      onListen?.(user, until);
      return until;
    },
    listenUntil: (user, until) => byUser.set(user, { until, id: null, request: null }),
    told(user, id, request) {
      const listening = byUser.get(user);
      if (listening === undefined || (listening.id ?? id) !== id) return;
      listening.id = id;
      listening.request = request;
    },
    heard(user, now) {
      const { until = 0, request = null } = byUser.get(user) ?? {};
      return now < until ? { until, request } : { until: null, request: null };
    },
    arrived(user, exchange, { headers }) {
      const listening = byUser.get(user);
      const isMeant = listening?.id === null && exchange.startedAt < listening.until;
      if (listening === undefined || !isMeant) return;
      listening.id = exchange.id;
      listening.request = {
        at: exchange.startedAt,
        method: exchange.method,
        path: exchange.path.slice(0, 256),
        headerNames: Object.keys(headers).slice(0, mostNames).map(short),
        fields: [],
        fault: null,
      };
      onHeard?.(user, exchange.id, listening.request);
    },
    read(user, exchange, fields) {
      const request = requestOf(user, exchange);
      if (request === null) return;
      request.fields = fields()
        .slice(0, mostNames)
        .map(({ name, type }) => ({ name: short(name), type }));
      onHeard?.(user, exchange.id, request);
    },
    failed(user, exchange, error) {
      const request = requestOf(user, exchange);
      if (request === null) return;
      request.fault = error.message;
      onHeard?.(user, exchange.id, request);
    },
  };
}

const short = (name: string): string => name.slice(0, longestName);
