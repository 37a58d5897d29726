import type { ClusterEvents } from "../../telemetry/cluster-events.ts";

/**
 * Tells when a gateway has a keeper, and each other reason why it has none, once.
 * @returns call it now and then; `trouble` null: no reason is known
 */
export function createTroubleTelling(
  events: Pick<ClusterEvents, "trouble">,
): (hasKeeper: boolean, trouble: string | null) => void {
  let told: string | null | undefined;
  return (hasKeeper, trouble) => {
    const news = hasKeeper ? null : trouble;
    if (news === told || (news === null && !hasKeeper)) return;
    told = news;
    events.trouble(news);
  };
}
