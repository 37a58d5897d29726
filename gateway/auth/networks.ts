import { BlockList, isIP } from "node:net";

/** Whether an address lies in one of these addresses and networks (`10.0.0.0/8`, `fd00::/8`). */
export function createNetworks(written: readonly string[]): (address: string) => boolean {
  if (written.length === 0) return () => false;
  const list = new BlockList();
  for (const item of written) {
    const [address = "", prefix] = item.split("/");
    const family = familyOf(address);
    if (family === null)
      throw new Error("a network must be an IP address, or a range such as 10.0.0.0/8");
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const family = familyOf(address);
    return family !== null && list.check(address, family);
  };
}

function familyOf(address: string): "ipv4" | "ipv6" | null {
  const family = isIP(address);
  return family === 0 ? null : family === 4 ? "ipv4" : "ipv6";
}
