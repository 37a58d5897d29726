import type { RequestListener } from "node:http";
import { type Listening, type ListenOptions, listen } from "./listen.ts";
import type { MessageClasses } from "./message-classes.ts";

export type PortsOptions = {
  host: string | null;
  port: number;
  publicPort: number | null;
  /** Where PUBLIC_PORT listens: only the tunnel is to reach it. */
  publicHost: string;
  metricsPort: number | null;
  /** For the main port; behind PUBLIC_PORT everybody has the tunnel's address. */
  admit: NonNullable<ListenOptions["admit"]>;
  app: RequestListener;
  /** The classes of the app's messages, if it has its own. */
  messages?: MessageClasses;
  metrics: RequestListener;
  upgrade: NonNullable<ListenOptions["upgrade"]>;
};

export type Ports = {
  readonly main: Listening;
  readonly public: Listening | null;
  readonly metrics: Listening | null;
  /** No new work is taken from now on; what is asked meanwhile is answered. */
  drain(): void;
  close(graceMs: number): Promise<void>;
};

/** Opens all ports or none. */
export async function openPorts(options: PortsOptions): Promise<Ports> {
  const { host, app, upgrade, messages } = options;
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
  const forApp = { ...(messages === undefined ? {} : { messages }), upgrade };
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
      drain() {},
      close,
    };
  } catch (error) {
    await close(0);
    throw error;
  }
}
