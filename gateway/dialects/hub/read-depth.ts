import { GatewayError } from "../../errors.ts";

/** As `refuseHostileShape` has it for long bodies. */
const deepest = 512;

/** Whether lists and objects stand in each other deeper than any request has them. */
export function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true;
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== "object" || item === null) continue;
      for (const inner of Object.values(item)) {
        if (typeof inner === "object" && inner !== null) next.push(inner);
      }
    }
    level = next;
  }
  return false;
}

/**
 * Conversion walks and writes values by recursion, which a short body of many brackets would bring
 * to the end of the stack. Throws GatewayError (400).
 */
export function refuseDeep(value: unknown): void {
  if (!isTooDeep(value)) return;
  throw new GatewayError("invalid_request", `The request body has more than ${deepest} levels.`);
}
