import type { TurnFields } from "./dialect.ts";
import { applyEdits, type Edit } from "./json/json-edit.ts";
import { fieldOf, itemsOfList, plainText } from "./json/json-items.ts";
import { findTopLevel } from "./json/json-scan.ts";

/** A body that was edited in place, and the paths of what was changed. */
export type FittedBody = { readonly body: Buffer; readonly changed: readonly string[] };

const systemRoles: ReadonlySet<string> = new Set(["system", "developer"]);

type LateTurn = { readonly edit: Edit; readonly path: string };

/** The turns of the system behind one of another side, which some templates refuse. */
function* lateTurns(body: Buffer, { turns }: TurnFields): Generator<LateTurn> {
  const list = findTopLevel(body, turns).at(-1);
  if (list === undefined) return;
  let index = -1;
  let isBegun = false;
  for (const item of itemsOfList(body, list)) {
    index += 1;
    const role = fieldOf(item, "role");
    const isSystem = systemRoles.has(plainText(body, role) ?? "");
    if (isSystem && isBegun && role !== undefined) {
      const { start, end } = role;
      yield { edit: { start, end, text: '"user"' }, path: `${turns}[${index}].role` };
    }
    isBegun ||= !isSystem;
  }
}

/** True if the system speaks in mid-conversation. */
export function hasLateSystem(body: Buffer, fields: TurnFields): boolean {
  return lateTurns(body, fields).next().done === false;
}

/** The body with what the system says in mid-conversation as words of the user. */
export function withoutLateSystem(body: Buffer, fields: TurnFields): FittedBody {
  const found = [...lateTurns(body, fields)];
  const edited = applyEdits(
    body,
    found.map(({ edit }) => edit),
  );
  return { body: edited, changed: found.map(({ path }) => path) };
}
