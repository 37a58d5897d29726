/** A host and a port, as CLUSTER_URL has them and the database. */
export type HostPort = { readonly host: string; readonly port: number };

/** `10.0.0.5:7000`, `gpu1.lan:7000`, `[fd00::5]:7000` */
export function addressOf({ host, port }: HostPort): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** @throws Error if it is no address */
export function partsOf(address: string): HostPort {
  const [, six, plain, port] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = six ?? plain;
  if (host === undefined || Number(port) > 65_535) {
    throw new Error(`${JSON.stringify(address)} is no address of a gateway (host:port)`);
  }
  return { host, port: Number(port) };
}
