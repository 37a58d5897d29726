import type { Hello } from "./ports.ts";

/** The messages between gateways, counted up with each change that an older one does not understand. */
export const protocol = 1;

/** The oldest release of the messages that this one still understands. */
export const oldestProtocol = 1;

/**
 * Why two gateways may not be of one cluster; null: they may.
 * @param keeper - what the keeper says of itself
 */
export function reasonAgainst(keeper: Hello, other: Hello): string | null {
  if (other.protocol < oldestProtocol) {
    return `its release ${other.version} is too old for the keeper's ${keeper.version}; update it`;
  }
  if (keeper.protocol < oldestProtocol) {
    return `the keeper's release ${keeper.version} is too old for ${other.version}; update that`;
  }
  const names = new Set([...Object.keys(keeper.shape), ...Object.keys(other.shape)]);
  const different = [...names].filter((name) => keeper.shape[name] !== other.shape[name]);
  if (different.length === 0) return null;
  const said = different.slice(0, 3).map((name) => {
    return `${name} is ${other.shape[name] ?? "not there"} here, ${keeper.shape[name] ?? "not there"} at the keeper`;
  });
  return `its settings differ: ${said.join("; ")}. Give all gateways the same settings`;
}
