import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import type { ClusterState } from "../../server/cluster-state.ts";
import type { HttpServerOptions } from "../../server/listen.ts";
import { createPassedServer } from "../passed-server.ts";
import { type AskOthers, createAskOthers } from "./ask-others.ts";
import { createPassOn, type Elsewhere } from "./pass-on.ts";

/** The other gateways that this one keeps one queue with. */
export type OtherGateways = {
  current(): ClusterState;
  /** Where the others are reached, without this one. */
  addresses(): readonly string[];
  /**
   * Resolves with a connection on which the gateway there answers what is passed on. Rejects if
   * nothing answers.
   */
  openPass(address: string): Promise<Socket>;
  /** From now on such connections of others come here. */
  acceptPass(accept: (socket: Socket) => void): void;
};

/** How a gateway asks the keeper, and answers what the others ask. */
export type Passing = Pick<OtherGateways, "current"> & {
  readonly elsewhere: Elsewhere;
  readonly askOthers: AskOthers;
  /** Answers what the others pass on; returns what ends it. */
  answer(app: RequestListener, options: HttpServerOptions): () => void;
};

/** @param publicPort - the port in use; null while there is none */
export function openPassing(others: OtherGateways, publicPort: () => number | null): Passing {
  const isPublicPort = (port: number | undefined): boolean =>
    port !== undefined && port === publicPort();
  return {
    current: others.current,
    elsewhere: createPassOn({ ...others, isPublicPort }),
    askOthers: createAskOthers({ ...others, isPublicPort }),
    answer(app, options) {
      const passed = createPassedServer(app, options, "gateway");
      others.acceptPass(passed.accept);
      return passed.close;
    },
  };
}
