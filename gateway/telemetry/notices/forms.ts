import { createHmac } from "node:crypto";
import type { NotifyAddress, NotifyForm } from "../../kinds/notify-address.ts";
import type { Notice } from "./notice.ts";

/** A POST of JSON. */
export type NoticeMessage = { url: string; headers: Record<string, string>; body: string };

/** What a notice says of itself, the same at each try. */
export type Stamp = {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Which gateway it is. */
  readonly from: string;
  /** Signs plain JSON; null: nothing is signed. */
  readonly secret: string | null;
};

type Form = (
  url: string,
  notice: Notice,
  stamp: Stamp,
) => { body: object; to?: Partial<NoticeMessage> };

/** The text with its gateway: a phone may hear of several. */
const withSource = ({ text }: Notice, { from }: Stamp): string => `${text} (${from})`;

const forms: Readonly<Record<Exclude<NotifyForm, "json">, Form>> = {
  /** Its JSON goes to the server, and names the topic: a header could hold plain ASCII alone. */
  ntfy(address, notice, stamp) {
    const url = new URL(address);
    const path = url.pathname.replace(/\/$/, "");
    const at = path.lastIndexOf("/");
    url.pathname = path.slice(0, at + 1);
    const body = {
      topic: path.slice(at + 1),
      title: notice.title,
      message: withSource(notice, stamp),
      priority: notice.isGood ? 3 : 4,
      tags: [notice.isGood ? "white_check_mark" : "warning"],
    };
    return { body, to: { url: url.href } };
  },
  /** Its token goes into a header, where proxies do not log it. */
  gotify(address, notice, stamp) {
    const url = new URL(address);
    const token = url.searchParams.get("token") ?? "";
    url.search = "";
    const priority = notice.isGood ? 4 : 8;
    const body = { title: notice.title, message: withSource(notice, stamp), priority };
    return { body, to: { url: url.href, headers: { "x-gotify-key": token } } };
  },
  slack(_url, notice, stamp) {
    const plain = (text: string): string =>
      text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    return { body: { text: `*${plain(notice.title)}*\n${plain(withSource(notice, stamp))}` } };
  },
  /** Nobody is called by a name that stands in it. */
  discord(_url, notice, stamp) {
    const content = `**${notice.title}**\n${withSource(notice, stamp)}`;
    return { body: { content, allowed_mentions: { parse: [] } } };
  },
};

/** A notice in the words of the service at an address. */
export function messageFor(to: NotifyAddress, notice: Notice, stamp: Stamp): NoticeMessage {
  const { form, url, authorization } = to;
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (authorization !== null) headers.authorization = authorization;
  if (form === "json") return plainJson({ url, headers }, notice, stamp);
  const { body, to: own = {} } = forms[form](url, notice, stamp);
  return {
    url: own.url ?? url,
    headers: { ...headers, ...own.headers },
    body: JSON.stringify(body),
  };
}

/** Signed by the rules of standardwebhooks.com, so that a library of any language can check it. */
function plainJson(
  { url, headers }: Pick<NoticeMessage, "url" | "headers">,
  { event, isGood, title, text, facts }: Notice,
  { id, at, from, secret }: Stamp,
): NoticeMessage {
  const time = new Date(at).toISOString();
  const body = JSON.stringify({ event, ok: isGood, title, text, time, gateway: from, ...facts });
  const timestamp = String(Math.floor(at / 1000));
  const signed = { ...headers, "webhook-id": id, "webhook-timestamp": timestamp };
  if (secret === null) return { url, headers: signed, body };
  const signature = createHmac("sha256", keyOf(secret))
    .update(`${id}.${timestamp}.${body}`)
    .digest("base64");
  return { url, headers: { ...signed, "webhook-signature": `v1,${signature}` }, body };
}

/** `whsec_` and base64, as the libraries write it, or any text. */
function keyOf(secret: string): Buffer {
  const prefix = "whsec_";
  if (!secret.startsWith(prefix)) return Buffer.from(secret);
  return Buffer.from(secret.slice(prefix.length), "base64");
}
