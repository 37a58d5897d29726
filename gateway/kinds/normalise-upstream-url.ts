import { WrongValue } from "./kind.ts";

/**
 * The upstream's origin and path prefix, without a final `/v1`, `/v1beta` or slash, from any way
 * people write it: `http://box:8080`, `http://box:8080/`, `http://box:8080/v1`,
 * `https://box/llama/v1/`. Throws WrongValue for what is no http(s) URL, or has credentials, a
 * query or a fragment.
 */
export function normaliseUpstreamUrl(text: string): string {
  if (!/^https?:\/\//i.test(text)) throw new WrongValue("must start with http:// or https://");
  if (/\s/.test(text) || !URL.canParse(text)) throw new WrongValue("must be a URL");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    throw new WrongValue("must not hold a name or password; the key goes into UPSTREAM_API_KEY");
  }
  if (text.includes("?") || text.includes("#")) {
    throw new WrongValue("must end with its path: no ? and no #");
  }
  const prefix = url.pathname
    .replace(/\/+$/, "")
    .replace(/\/v1(beta)?$/, "")
    .replace(/\/+$/, "");
  return url.origin + prefix;
}
