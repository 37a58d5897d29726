import type { RequestListener } from "node:http";
import type { Express } from "express";
import { type Listening, type ListenOptions, listen } from "./listen.ts";
import { messageClassesOf } from "./message-classes.ts";

export type PortsOptions = {
  host: string | null;
  port: number;
  publicPort: number | null;
  /** Where PUBLIC_PORT listens: only the tunnel is to reach it. */
  publicHost: string;
  metricsPort: number | null;
  /** For the main port; behind PUBLIC_PORT everybody has the tunnel's address. */
  admit: NonNullable<ListenOptions["admit"]>;
  app: Express;
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
  const open = async (handler: RequestListener, port: number, more: Partial<ListenOptions>) => {
    const one = await listen(handler, { port, host, ...more });
    opened.push(one);
    return one;
  };
  const { port, publicPort, publicHost, metricsPort, metrics, admit } = options;
  const forApp = { messages: messageClassesOf(app), upgrade };
  try {
    return {
      main: await open(app, port, { ...forApp, admit }),
      public:
        publicPort === null
          ? null
          : await open(app, publicPort, {
              ...forApp,
              host: publicHost,
              setting: "PUBLIC_PORT",
              hostSetting: "PUBLIC_HOST",
            }),
      metrics:
        metricsPort === null ? null : await open(metrics, metricsPort, { setting: "METRICS_PORT" }),
      close,
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}
