import type { Limit, Limited } from "./limit.ts";
import {
  type FieldName,
  fieldMetrics,
  type LimitField,
  type LimitFields,
  noFields,
  readLimitFields,
} from "./limit-fields.ts";

type Written = Readonly<Record<string, unknown>>;

export type LayersOptions = {
  /** For everybody; the least of the three. */
  defaults: Written;
  /** By role; between the two. */
  roles: Readonly<Record<string, Written>>;
  /** The window of limits that name none. Milliseconds. */
  windowMs: number;
  /** Told what is wrong with a user's limits, once for each reading of the file. */
  onTrouble: (message: string) => void;
};

/**
 * The limits of a user: defaults, then their role's, then their own, field by field. Read once for
 * each entry of users.json, which is a new object when the file has changed.
 * @throws Error with one line where the defaults or a role's limits are wrong
 */
export function createLimitsOf(options: LayersOptions): (who: Limited) => readonly Limit[] {
  const { windowMs, onTrouble } = options;
  const defaults = readLimitFields(options.defaults, failIn("limits"));
  const roles = new Map(
    Object.entries(options.roles).map(([role, written]) => {
      return [role, readLimitFields(written, failIn(`limits of the role ${role}`))] as const;
    }),
  );
  const ofRole = new Map<string, readonly Limit[]>();
  const ofEntry = new WeakMap<object, Map<string, readonly Limit[]>>();

  function merged(role: string, own: LimitFields): readonly Limit[] {
    return mergeLayers([defaults, roles.get(role) ?? noFields, own], windowMs);
  }

  return ({ user, role, limits }) => {
    const known = limits === null ? ofRole : cacheOf(ofEntry, limits);
    let found = known.get(role);
    if (found === undefined) {
      const told = (what: string): void => onTrouble(`limits of ${user}: ${what}`);
      found = merged(role, limits === null ? noFields : readLimitFields(limits, told));
      // Roles are few: those of users.json, and those we let a token's claim name.
      known.set(role, found);
    }
    return found;
  };
}

function failIn(where: string): (what: string) => never {
  return (what) => {
    throw new Error(`${where}: ${what}`);
  };
}

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
    for (const [name, field] of layer.fields) fields.set(name, field);
  }
  const limits: Limit[] = [];
  for (const [name, field] of fields) {
    if (field.max === null) continue;
    const { metric, windowMs: fixed } = fieldMetrics[name];
    const window = fixed ?? field.windowMs ?? windowMs;
    limits.push({ metric, windowMs: window, max: field.max, mode: field.mode ?? mode });
  }
  return Object.freeze(limits);
}
