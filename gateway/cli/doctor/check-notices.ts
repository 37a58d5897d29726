import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { shownAddress } from "../../kinds/notify-address.ts";
import type { Settings } from "../../settings/settings-table.ts";
import { deliver } from "../../telemetry/notices/deliver.ts";
import { trialNotice } from "../../telemetry/notices/notice.ts";
import { type Finding, fail, ok } from "../../upstreams/inspect/finding.ts";

const about = "notices";

/** Whether those who run the gateway are told of trouble; with `sends` a trial goes out. */
export async function checkNotices(
  { notifyUrl, notifySecret, publicUrl }: Settings,
  sends: boolean,
): Promise<Finding[]> {
  if (notifyUrl === null) {
    const todo = "Set it, for example NOTIFY_URL=https://ntfy.sh/TOPIC";
    return sends ? [fail(about, "NOTIFY_URL is not set, so nothing can be sent.", todo)] : [];
  }
  const where = shownAddress(notifyUrl);
  if (!sends) return [ok(about, `Trouble is told to ${where}. --notify sends a trial.`)];
  const from = publicUrl ?? hostname();
  const stamp = { id: `msg_${randomUUID()}`, at: Date.now(), from, secret: notifySecret };
  const delivery = await deliver(notifyUrl, trialNotice, stamp);
  if (delivery.isSent) return [ok(about, `A trial was sent to ${where}. Look whether it arrived.`)];
  const todo = "Check NOTIFY_URL, and that this machine reaches it.";
  return [fail(about, `${where}: ${delivery.reason}.`, todo)];
}
