import type { Logger } from "pino";
import { told } from "./shown-text.ts";

/** What happens between the gateways of a cluster. */
export type ClusterEvents = {
  /** This gateway keeps the queue from now on. */
  elected(term: number): void;
  /** It keeps the queue no longer. */
  steppedDown(term: number): void;
  /** It heard no keeper for the slot lease, and stopped what it ran. */
  slotsLost(): void;
  /** Slots of a silent gateway were given away, without proof that its upstreams are idle. */
  unproved(gateway: string, slots: number): void;
  /** Another gateway may not be of the cluster. */
  refused(gateway: string, reason: string): void;
  /** What keeps this gateway from the others; null: nothing, it has a keeper. */
  trouble(trouble: string | null): void;
};

export function createClusterEvents(
  logger: Pick<Logger, "info" | "warn" | "error">,
): ClusterEvents {
  let refused = "";
  return {
    elected: (term) => logger.info({ term }, "cluster: this gateway keeps the queue now"),
    steppedDown: (term) => logger.info({ term }, "cluster: another gateway keeps the queue now"),
    slotsLost: () =>
      logger.warn("cluster: no keeper was heard, so this gateway stopped what it ran"),
    unproved: (gateway, slots) =>
      logger.warn(
        { gateway: told(gateway), slots },
        "cluster: a silent gateway's slots were given away unproved; its upstreams may still work",
      ),
    refused(gateway, reason) {
      // It asks again every few seconds.
      if (refused === gateway + reason) return;
      refused = gateway + reason;
      logger.error(
        { gateway: told(gateway), reason: told(reason) },
        "cluster: a gateway is refused",
      );
    },
    trouble(trouble) {
      if (trouble === null) logger.info("cluster: this gateway has a keeper");
      else logger.warn({ trouble: told(trouble) }, "cluster: this gateway has no keeper");
    },
  };
}
