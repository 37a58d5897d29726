import { isIPv6 } from "node:net";

/**
 * What counts as one sender: an IPv4 address, or an IPv6 network of 64 bits, because a client in
 * such a network can use all its addresses.
 */
export function addressGroup(address: string): string {
  if (!address.includes(":") || !isIPv6(address)) return address;
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const filled =
    tail === undefined
      ? left
      : [
          ...left,
          ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0"),
          ...right,
        ];
  const four = filled.slice(0, 4).map((part) => Number.parseInt(part, 16).toString(16));
  return `${four.join(":")}::/64`;
}
