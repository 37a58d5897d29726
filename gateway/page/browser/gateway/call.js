import { signal } from "@preact/signals";

/** An answer that is an error, or none at all (`status` 0). `message` is for people. */
export class CallError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The key of who is signed in; null where requests from here need none. */
export const key = signal(/** @type {string | null} */ (null));

/** How far this device's clock is behind the gateway's, in milliseconds. */
let behind = 0;

/** Now by the gateway's clock, in milliseconds since 1970: the device's own may be wrong. */
export const gatewayNow = () => Date.now() + behind;

/** Called when the gateway no longer takes the key. */
export const onRefused = { run: () => {} };

/**
 * Sends a request with the key of this tab. Rejects with a CallError unless the answer is a 2xx.
 * @param {string} method
 * @param {string} path relative to the page, without a slash at its start
 * @param {{ body?: unknown, signal?: AbortSignal | null, accept?: string, notify?: boolean }} [options]
 * @returns {Promise<Response>}
 */
export async function send(method, path, { body, signal = null, accept, notify } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: accept ?? "application/json" };
  if (key.value !== null) headers.authorization = `Bearer ${key.value}`;
  if (notify) headers["x-notify"] = "done";
  if (body !== undefined) headers["content-type"] = "application/json";
  /** @type {RequestInit} */
  const init = { method, headers, signal, cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) init.body = JSON.stringify(body);
  const usedKey = key.value;
  const response = await fetch(new URL(path, document.baseURI), init).catch((error) => {
    if (signal?.aborted) throw error;
    throw new CallError(0, "unreachable", String(error));
  });
  const date = Date.parse(response.headers.get("date") ?? "");
  // The header has whole seconds: a difference below two is none.
  if (!Number.isNaN(date)) behind = Math.abs(date - Date.now()) < 2_000 ? 0 : date - Date.now();
  if (response.ok) return response;
  const error = await errorOf(response);
  if (response.status === 401 && usedKey === key.value) onRefused.run();
  throw error;
}

/**
 * The same, for an answer in JSON.
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, signal?: AbortSignal | null }} [options]
 * @returns {Promise<any>}
 */
export async function call(method, path, options) {
  const response = await send(method, path, options);
  return response.status === 204 ? null : response.json();
}

/** @param {Response} response */
async function errorOf(response) {
  const body = await response.json().catch(() => null);
  const { message, code } = body?.error ?? {};
  return new CallError(
    response.status,
    typeof code === "string" ? code : "unknown",
    typeof message === "string" ? message : `HTTP ${response.status}`,
  );
}
