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
  readonly roles: Readonly<Partial<Record<Role, LimitFields>>>;
};

const roleNames = ["user", "admin"] as const;
type Role = (typeof roleNames)[number];

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
        properties: Object.fromEntries(roleNames.map((role) => [role, layerOrNothing])),
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
  const roles = ofRoles && membersIn(ofRoles, roleNames, "limits: roles:", fault);
  const layers = [...(roles ?? [])].map(([role, layer]) => {
    return [role, readLimitFields(layer, `limits: roles: ${role}:`, fault)];
  });
  return {
    defaults: defaults ? readLimitFields(defaults, "limits: defaults:", fault) : noFields,
    roles: Object.fromEntries(layers),
  };
}
