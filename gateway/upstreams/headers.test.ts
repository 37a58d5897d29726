import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, it } from "vitest";
import { headersToClient, headersToUpstream, withoutCredentials } from "./headers.ts";
import { isLocalServer } from "./is-local.ts";

const added = { user: "alice", requestId: "r1", upstreamKey: null };

describe("the headers to an upstream", () => {
  it("hold no credential, no address, nothing of this hop, and not what Connection names", () => {
    const out = headersToUpstream(
      {
        host: "gateway",
        authorization: "Bearer secret",
        "x-api-key": "secret",
        "x-goog-api-key": "secret",
        cookie: "secret",
        connection: "keep-alive, X-Mine",
        "x-mine": "1",
        "keep-alive": "timeout=5",
        te: "trailers",
        "transfer-encoding": "chunked",
        "content-length": "5",
        expect: "100-continue",
        "accept-encoding": "br",
        "x-conversation-id": "c",
        forwarded: "for=1.1.1.1",
        "x-forwarded-for": "1.1.1.1",
        "x-forwarded-host": "evil",
        "cf-ray": "1",
        "cf-connecting-ip": "1.1.1.1",
        "cdn-loop": "cloudflare",
        "x-gateway-user": "root",
        "x-queue-events": "off",
        "x-priority": "background",
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
      },
      added,
    );
    expect(out).toEqual({
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "x-gateway-user": "alice",
      "x-request-id": "r1",
    });
  });

  it("hold no name with underscores that a CGI server takes for one of those", () => {
    const sent = {
      x_gateway_user: "root",
      "x_forwarded-for": "1.1.1.1",
      x_openwebui_user_email: "a@home",
      x_api_key: "secret",
      content_length: "5",
      transfer_encoding: "chunked",
      x_mine: "1",
    };
    expect(headersToUpstream(sent, added)).toEqual({
      x_mine: "1",
      "x-gateway-user": "alice",
      "x-request-id": "r1",
    });
    expect(withoutCredentials(sent)).not.toHaveProperty("x_api_key");
  });

  it("hold the upstream's own key, and identity for generations", () => {
    const out = headersToUpstream(
      { "content-encoding": "gzip" },
      { ...added, upstreamKey: "theirs", inflated: true, identity: true },
    );
    expect(out).toMatchObject({ authorization: "Bearer theirs", "accept-encoding": "identity" });
    expect(out["content-encoding"]).toBeUndefined();
  });

  it("do not tell a provider who asks, nor what a program says of its people", () => {
    const said = { "x-openwebui-user-email": "a@home", "x-openwebui-user-jwt": "e.y.j" };
    const out = headersToUpstream(said, { ...added, isLocal: false });
    expect(out).toEqual({ "x-request-id": "r1" });
    const local = ["http://llama:8080", "http://10.1.2.3", "http://[fd00::1]", "http://gpu.lan"];
    const foreign = ["https://api.openai.com", "http://8.8.8.8", "https://[2001:db8::1]"];
    const isLocal = (url: string) => isLocalServer(new URL(url));
    expect(local.map(isLocal)).toEqual([true, true, true, true]);
    expect(foreign.map(isLocal)).toEqual([false, false, false]);
  });

  it("carry a name beyond ASCII percent-encoded", () => {
    expect(headersToUpstream({}, { ...added, user: "zoë" })["x-gateway-user"]).toBe("zo%C3%AB");
  });
});

describe("the headers to a client", () => {
  it("hold nothing of the upstream's hop, origin or cookies", () => {
    const out = headersToClient(
      {
        connection: "close",
        "keep-alive": "timeout=5",
        "transfer-encoding": "chunked",
        "access-control-allow-origin": "",
        "set-cookie": ["a=b"],
        "alt-svc": "h3",
        "strict-transport-security": "max-age=1",
        "x-request-id": "theirs",
        "content-length": "5",
        "content-type": "application/json",
      },
      false,
    );
    expect(out).toEqual({ "content-length": "5", "content-type": "application/json" });
  });

  it("do not claim a length that edited bytes no longer have", () => {
    expect(headersToClient({ "content-length": "5" }, true)).toEqual({});
  });

  it("a Connection header that a server says twice does not bring the answer down", () => {
    const twice = { connection: ["close", "x-odd"], "x-odd": "1", "x-kept": "2" };
    const headers = twice as Record<string, string | string[]> as IncomingHttpHeaders;
    expect(headersToClient(headers, false)).toEqual({ "x-kept": "2" });
  });
});
