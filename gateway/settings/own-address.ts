/** `http://host:port` of the gateway on this machine. `host` null: it listens on every address. */
export function ownAddress({ host, port }: { host: string | null; port: number }): string {
  const name = host === null || host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
}
