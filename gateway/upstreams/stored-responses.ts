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

/** Where something is stored, and by which id. */
export type StoredPlace = { readonly upstream: string; readonly id: string };

/**
 * Which user made which response, conversation or stored chat, and at which upstream. All users share one key of
 * the upstream, so it cannot tell them apart itself. In memory: a restart forgets.
 */
export type StoredResponses = {
  /**
   * The user has made `id` at the upstream.
   * @param names - the ids by which the client may know it
   */
  made(user: string, id: string, upstream: Upstream, names: readonly string[]): void;
  /**
   * Throws 400 if one of these upstreams does not pass on what is stored, and 404 for an id that is
   * not the upstream's own of what the user has made: this id reaches the upstream, and a user can
   * choose the other one.
   */
  check(use: StoredUse, user: string, upstreams: readonly Upstream[]): void;
  /** Where the first id of `use` is; null if the user has not made it. */
  placeOf(use: StoredUse, user: string): StoredPlace | null;
};

export function createStoredResponses(): StoredResponses {
  const users = new BoundedMap<BoundedMap<StoredPlace>>(mostUsers);
  const placeOf = (user: string, id: string): StoredPlace | null =>
    users.get(user)?.get(id) ?? null;
  return {
    made(user, id, upstream, names) {
      const ids = users.get(user) ?? new BoundedMap<StoredPlace>(mostIds);
      for (const name of names) {
        if (Math.max(id.length, name.length) > mostIdLength || ids.get(name)) continue;
        ids.set(name, { upstream: upstream.name, id });
      }
      users.set(user, ids);
    },
    check({ param, ids, refusal }, user, upstreams) {
      if (refusal !== null) throw new GatewayError("invalid_request", refusal);
      if (!upstreams.every(({ storedResponses }) => storedResponses)) throw notPassed(param);
      for (const id of ids) if (placeOf(user, id)?.id !== id) throw unknown(id, param);
    },
    placeOf: ({ ids }, user) => placeOf(user, ids[0] ?? ""),
  };
}

function notPassed(param: string | null): GatewayError {
  if (param === null) {
    const text = "The gateway does not pass on stored responses, conversations and chats.";
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
