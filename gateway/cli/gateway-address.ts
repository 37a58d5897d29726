import { UsageError } from "./frame/usage-error.ts";

/**
 * The address that a user typed, without a final slash or `/v1`, and whether it is this machine.
 * @throws UsageError for anything else than an http or https URL without a password
 */
export function readAddress(text: string): { url: string; isLocal: boolean } {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === null || !isHttp || url.username !== "" || url.password !== "") {
    throw new UsageError("--url takes an address such as http://192.168.1.10:8000");
  }
  const path = url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  return { url: url.origin + path, isLocal };
}
