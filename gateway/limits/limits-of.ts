import { writtenOf } from "../kinds/written.ts";
import type { Limit, Limited } from "./limit.ts";
import {
  type FieldName,
  fieldMetrics,
  type LimitField,
  type LimitFields,
  noFields,
  readLimitFields,
} from "./limit-fields.ts";

export type LayersOptions = {
  /** For everybody, the least first. */
  forAll: readonly LimitFields[];
  /** The layers of roles. They count before the layers for everybody. */
  roles: Readonly<Record<string, LimitFields>>;
  /** The window of limits that name none. Milliseconds. */
  windowMs: number;
  /** Called with what is wrong in a user's limits, once for each reading of the file. */
  onTrouble: (message: string) => void;
};

/**
 * The limits of a user: those for everybody, then those of the role, then the user's own, field by
 * field. Read once for each entry of users.json, which is a new object when the file has changed.
 */
export function createLimitsOf(options: LayersOptions): {
  of(who: Limited): readonly Limit[];
  /** The limits that a key's entry itself names, for all of its people together. */
  ofKey(who: Limited): readonly Limit[];
} {
  const { forAll, roles, windowMs, onTrouble } = options;
  const ofRole = new Map<string, readonly Limit[]>();
  const ofEntry = new WeakMap<object, Map<string, readonly Limit[]>>();
  const ofKeys = new WeakMap<object, Map<string, readonly Limit[]>>();

  function merged(role: string, own: LimitFields): readonly Limit[] {
    const ofTheirRole = Object.hasOwn(roles, role) ? roles[role] : undefined;
    return mergeLayers([...forAll, ofTheirRole ?? noFields, own], windowMs);
  }

  function ownFields({ user, limits }: Limited): LimitFields {
    if (limits === null) return noFields;
    const about = `limits of ${user}:`;
    return readLimitFields(writtenOf(limits, "users.json"), about, (_at, says) => onTrouble(says));
  }

  function of(who: Limited): readonly Limit[] {
    const { role, limits } = who;
    const known = limits === null ? ofRole : cacheOf(ofEntry, limits);
    let found = known.get(role);
    if (found === undefined) {
      found = merged(role, ownFields(who));
      // There are few roles: those of users.json and of accepted token claims.
      known.set(role, found);
    }
    return found;
  }

  return {
    of,
    ofKey({ user, role, behind }) {
      if (behind === undefined || behind.limits === null) return none;
      const known = cacheOf(ofKeys, behind.limits);
      let found = known.get("");
      if (found === undefined) {
        const own = ownFields({ user, role, limits: behind.limits });
        found = mergeLayers([own], windowMs);
        known.set("", found);
      }
      return found;
    },
  };
}

const none: readonly Limit[] = [];

function cacheOf<T>(caches: WeakMap<object, Map<string, T>>, key: object): Map<string, T> {
  const found = caches.get(key) ?? new Map<string, T>();
  caches.set(key, found);
  return found;
}

function mergeLayers(layers: readonly LimitFields[], otherwise: number): readonly Limit[] {
  const fields = new Map<FieldName, LimitField>();
  let windowMs = otherwise;
  let mode: Limit["mode"] = "refuse";
  for (const layer of layers) {
    windowMs = layer.windowMs ?? windowMs;
    mode = layer.mode ?? mode;
    for (const [name, field] of Object.entries(layer.fields)) fields.set(name as FieldName, field);
  }
  const limits: Limit[] = [];
  for (const [name, field] of fields) {
    if (field.max === null) continue;
    const { metric, unit, windowMs: fixed } = fieldMetrics[name];
    const window = fixed ?? field.windowMs ?? windowMs;
    limits.push({ metric, windowMs: window, max: field.max * unit, mode: field.mode ?? mode });
  }
  return Object.freeze(limits);
}
