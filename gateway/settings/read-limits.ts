import { membersIn } from "../kinds/members.ts";
import type { Written } from "../kinds/written.ts";
import {
  type LimitFields,
  layerSchema,
  noFields,
  readLimitFields,
} from "../limits/limit-fields.ts";
import { deepFrozen } from "./deep-frozen.ts";
import type { Reading } from "./reading.ts";
import type { Section } from "./setting.ts";

/** Limits for everybody, and by role. */
export type LimitsSection = {
  readonly defaults: LimitFields;
  /** By the role's name: `user`, `admin`, or one that entries of users.json name. */
  readonly roles: Readonly<Record<string, LimitFields>>;
};

/** As users/ reads the names of roles. */
const roleName = /^[a-z][a-z0-9_-]{0,31}$/;

const none: LimitsSection = deepFrozen({ defaults: noFields, roles: {} });

const layerOrNothing = { anyOf: [{ enum: ["off", false, null] }, layerSchema] };

export const limitsSection: Section<LimitsSection> = {
  read: readLimits,
  schema: {
    type: "object",
    properties: {
      defaults: layerOrNothing,
      roles: {
        type: ["object", "null"],
        patternProperties: { [roleName.source]: layerOrNothing },
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  },
};

function readLimits(section: Written | null, { fault }: Reading): LimitsSection {
  if (section === null) return none;
  const given = membersIn(section, ["defaults", "roles"], "limits:", fault);
  const [defaults, ofRoles] = [given?.get("defaults"), given?.get("roles")];
  const roles = ofRoles && rolesIn(ofRoles, fault);
  const layers = [...(roles ?? [])].map(([role, layer]) => {
    return [role, readLimitFields(layer, `limits: roles: ${role}:`, fault)];
  });
  return {
    defaults: defaults ? readLimitFields(defaults, "limits: defaults:", fault) : noFields,
    roles: Object.fromEntries(layers),
  };
}

/** Any role may have limits; its name must be one that users.json can name. */
function rolesIn(written: Written, fault: Reading["fault"]): ReadonlyMap<string, Written> {
  const names = (written.members ?? []).map(({ name }) => name);
  const fine = names.filter((name) => roleName.test(name));
  const usual = ["user", "admin"].filter((name) => !fine.includes(name));
  return membersIn(written, [...fine, ...usual], "limits: roles:", fault) ?? new Map();
}
