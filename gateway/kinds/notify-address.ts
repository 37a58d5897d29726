import { type ValueKind, WrongValue } from "./kind.ts";
import { textKind } from "./words.ts";

/** How a service for notices is spoken to. */
export type NotifyForm = "ntfy" | "gotify" | "slack" | "discord" | "json";

/** Where notices go. It is a secret: most of these addresses are all that a sender needs. */
export type NotifyAddress = {
  readonly form: NotifyForm;
  /** `http` or `https`, without a name and password. */
  readonly url: string;
  /** An Authorization header; null: none. */
  readonly authorization: string | null;
};

const must =
  "must be an http:// or https:// address of ntfy, Gotify, Slack, Discord, or of a server of your own";

const written = /^(?:(ntfy|gotify|slack|discord|json)\+)?(https?:\/\/.+)$/i;

/** What an address shows of its service; anything else gets plain JSON. */
function formOf({ hostname, pathname, searchParams }: URL): NotifyForm {
  if (hostname === "hooks.slack.com") return "slack";
  if (/(^|\.)discord(app)?\.com$/.test(hostname)) return "discord";
  if (/^ntfy\./.test(hostname)) return "ntfy";
  if (pathname.endsWith("/message") && searchParams.has("token")) return "gotify";
  return "json";
}

function faultOf(form: NotifyForm, { pathname, searchParams }: URL): string | null {
  if (form === "ntfy" && !/\/[\w-]{1,64}\/?$/.test(pathname)) {
    return "must end with a topic, like https://ntfy.sh/my-topic";
  }
  if (form === "gotify" && !searchParams.get("token")) {
    return "must have the application's token, like https://gotify.example.com/message?token=…";
  }
  return null;
}

function authorizationOf({ username, password }: URL): string | null {
  if (username === "" && password === "") return null;
  try {
    const pair = [username, password].map((part) => decodeURIComponent(part)).join(":");
    return `Basic ${Buffer.from(pair).toString("base64")}`;
  } catch {
    throw new WrongValue(must);
  }
}

/**
 * The address of ntfy, Gotify, Slack or Discord, known by its looks, or of a server that takes JSON.
 * `ntfy+http://…` and so on name the form where the address does not show it.
 */
export const notifyAddress: ValueKind<NotifyAddress> = textKind((text) => {
  const [, named, address = ""] = written.exec(text) ?? [];
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || url.hash !== "") {
    throw new WrongValue(must);
  }
  const form = (named?.toLowerCase() as NotifyForm | undefined) ?? formOf(url);
  const fault = faultOf(form, url);
  if (fault !== null) throw new WrongValue(fault);
  const authorization = authorizationOf(url);
  url.username = "";
  url.password = "";
  return Object.freeze({ form, url: url.href, authorization });
});

/** What may be shown of an address: `ntfy at ntfy.sh`. */
export function shownAddress({ form, url }: Pick<NotifyAddress, "form" | "url">): string {
  return `${form} at ${new URL(url).host}`;
}
