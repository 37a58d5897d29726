import type { RequestListener } from "node:http";
import { type Listening, type ListenOptions, listen } from "./listen.ts";

export type PortsOptions = {
  host: string | null;
  port: number;
  publicPort: number | null;
  metricsPort: number | null;
  /** For the main port; behind PUBLIC_PORT everybody has the tunnel's address. */
  admit: NonNullable<ListenOptions["admit"]>;
  app: RequestListener;
  metrics: RequestListener;
  upgrade: NonNullable<ListenOptions["upgrade"]>;
};

export type Ports = {
  readonly main: Listening;
  readonly public: Listening | null;
  readonly metrics: Listening | null;
  close(graceMs: number): Promise<void>;
};

/** Opens all ports or none. */
export async function openPorts(options: PortsOptions): Promise<Ports> {
  const { host, app, upgrade } = options;
  const opened: Listening[] = [];
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all(opened.map((one) => one.close(graceMs)));
  };
  const open = async (port: number | null, handler: RequestListener, upgrades: boolean) => {
    if (port === null) return null;
    const one = await listen(handler, { port, host, ...(upgrades ? { upgrade } : {}) });
    opened.push(one);
    return one;
  };
  try {
    const main = await listen(app, { port: options.port, host, upgrade, admit: options.admit });
    opened.push(main);
    return {
      main,
      public: await open(options.publicPort, app, true),
      metrics: await open(options.metricsPort, options.metrics, false),
      close,
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}
