import { BoundedMap } from "../bounded-map.ts";
import { type StoredUse, storedFields } from "../dialects/openai-responses/stored-use.ts";
import { GatewayError } from "../errors.ts";
import type { Upstream } from "./upstream.ts";

/** A user's earlier ids are forgotten, and are unknown then. */
const mostIds = 1_000;

/** Users of whom ids are kept. */
const mostUsers = 1_000;

/** Longer ones are no ids. */
const mostIdLength = 256;

/**
 * Which user made which response or conversation, and at which upstream. All users share one key of
 * the upstream, so it cannot tell them apart itself. In memory: a restart forgets.
 */
export type StoredResponses = {
  /** The user has made this id at the upstream. */
  made(user: string, id: string, upstream: Upstream): void;
  /**
   * Throws 400 if one of these upstreams does not pass on what is stored, and 404 for an id that the
   * user has not made.
   */
  check(use: StoredUse, user: string, upstreams: readonly Upstream[]): void;
  /** The upstream where the user made the first id of `use`; null: there is none. */
  upstreamOf(use: StoredUse, user: string): string | null;
};

export function createStoredResponses(): StoredResponses {
  const users = new BoundedMap<BoundedMap<string>>(mostUsers);
  const placeOf = (user: string, id: string): string | null => users.get(user)?.get(id) ?? null;
  return {
    made(user, id, upstream) {
      if (id.length > mostIdLength || placeOf(user, id) !== null) return;
      const ids = users.get(user) ?? new BoundedMap<string>(mostIds);
      ids.set(id, upstream.name);
      users.set(user, ids);
    },
    check({ param, ids }, user, upstreams) {
      if (!upstreams.every(({ storedResponses }) => storedResponses)) throw notPassed(param);
      for (const id of ids) if (placeOf(user, id) === null) throw unknown(id, param);
    },
    upstreamOf: ({ ids }, user) => placeOf(user, ids[0] ?? ""),
  };
}

function notPassed(param: string | null): GatewayError {
  if (param === null) {
    const text = "The gateway does not pass on stored responses and conversations.";
    return new GatewayError("invalid_request", `${text} Its operator can set STORED_RESPONSES=on.`);
  }
  const without = `'${param}' is not supported: ${storedFields[param] ?? "leave it out"}.`;
  const text = `${without} The operator of the gateway can set STORED_RESPONSES=on.`;
  return new GatewayError("invalid_request", text, { param });
}

const unknown = (id: string, param: string | null): GatewayError => {
  const shown = id.slice(0, 100);
  return new GatewayError("not_found", `There is no '${shown}' of yours.`, { param });
};
