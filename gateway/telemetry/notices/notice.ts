import type { SettledEvent } from "../settled-event.ts";
import { shownText } from "../shown-text.ts";

/** What a person is told. It never holds a prompt, an answer or a key. */
export type Notice = {
  /** For programs: `upstream_down`. */
  readonly event: string;
  /** Something is well, or well again. */
  readonly isGood: boolean;
  readonly title: string;
  readonly text: string;
  /** More of it, for programs. */
  readonly facts: Readonly<Record<string, string | number | null>>;
};

const most = 500;
const shown = (text: string): string => shownText(text, most);

const notice = (
  event: string,
  isGood: boolean,
  [title, text]: readonly [string, string],
  facts: Notice["facts"] = {},
): Notice => ({ event, isGood, title: shown(title), text: shown(text), facts });

/** What went wrong, with one mark at its end. Some of the errors bring their own. */
const sentence = (trouble: string): string => (/[.!?]$/.test(trouble) ? trouble : `${trouble}.`);

export function upstreamNotice(name: string, up: boolean, reason: string | null): Notice {
  const facts = { upstream: shown(name) };
  if (up) return notice("upstream_up", true, [`${name} answers again`, "Requests go on."], facts);
  const text = reason === null ? "Its requests wait or fail." : sentence(reason);
  return notice("upstream_down", false, [`${name} does not answer`, text], facts);
}

export function usersFileNotice(trouble: string | null): Notice {
  if (trouble === null) {
    return notice("users_file_ok", true, ["users.json is valid again", "It is in use."]);
  }
  const text = `${sentence(trouble)} The last valid version stays in use.`;
  return notice("users_file_invalid", false, ["users.json is invalid", text]);
}

export function ledgerNotice(trouble: string | null): Notice {
  if (trouble === null) {
    return notice("ledger_ok", true, ["The ledger works again", "All waiting rows are written."]);
  }
  const text = `${sentence(trouble)} Rows wait in memory. Look at the disk: its space, its permissions.`;
  return notice("ledger_trouble", false, ["The ledger cannot be written", text]);
}

export function backupNotice(trouble: string | null): Notice {
  if (trouble === null) {
    return notice("backup_ok", true, ["The daily backup is made again", "All is well."]);
  }
  return notice("backup_failed", false, ["The daily backup has failed", sentence(trouble)]);
}

/** Bytes. */
export function diskNotice(free: number, size: number, isLow: boolean): Notice {
  const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const text = `${gigabytes(free)} of ${gigabytes(size)} are free.`;
  const facts = { free_bytes: free, size_bytes: size };
  if (!isLow) return notice("disk_ok", true, ["The disk has room again", text], facts);
  return notice("disk_low", false, ["The disk of the accounts is almost full", text], facts);
}

/** @param oldestMs - the longest wait; null: no request waits long */
export function queueNotice(waiting: number, oldestMs: number | null): Notice {
  const facts = { waiting };
  if (oldestMs === null) {
    return notice("queue_ok", true, ["The queue moves again", `${waiting} wait.`], facts);
  }
  const text = `${waiting} wait, the first one for ${inWords(oldestMs)}.`;
  const more = { ...facts, oldest_seconds: Math.round(oldestMs / 1000) };
  return notice("queue_long", false, ["Requests wait long", text], more);
}

export function limitNotice(user: string, refusal: string): Notice {
  return notice("limit_reached", false, ["You have reached a limit", refusal], { user });
}

/** A request that somebody waits for has ended. */
export function doneNotice({
  exchange,
  model,
  state,
  errorCode,
  durationMs,
}: SettledEvent): Notice {
  const what = model === null ? "Your request" : `Your request for ${model}`;
  const text = `It was sent ${inWords(durationMs)} ago.`;
  const facts = {
    id: exchange.id,
    request_id: shown(exchange.requestId),
    model: model === null ? null : shown(model),
    state,
    seconds: Math.round(durationMs / 1000),
  };
  if (state === "done") return notice("request_done", true, [`${what} is done`, text], facts);
  const how = state === "cancelled" ? "was cancelled" : "has failed";
  return notice("request_failed", false, [`${what} ${how}`, `${text} (${errorCode})`], facts);
}

export const trialNotice: Notice = notice("trial", true, [
  "A trial of llm-gateway",
  "Notices arrive here. doctor --notify has sent this one.",
]);

function inWords(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} seconds`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
