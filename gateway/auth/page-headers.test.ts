import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pageHeaders } from "./browsers.ts";

let server: Server;
beforeAll(async () => {
  const set = pageHeaders();
  server = createServer((asked, response) => {
    set(asked, response, (error) => {
      response.statusCode = error === undefined ? 200 : 500;
      response.end("<!doctype html>");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => server.close());

/** The headers of a page, as a browser gets it that was sent to this host. */
const headersAt = (host: string) =>
  new Promise<Record<string, unknown>>((resolve, reject) => {
    const { port } = server.address() as AddressInfo;
    request({ host: "127.0.0.1", port, headers: { host } }, (answer) => {
      answer.resume().once("end", () => {
        if (answer.statusCode === 200) resolve(answer.headers);
        else reject(new Error(String(answer.statusCode)));
      });
    })
      .on("error", reject)
      .end();
  });

describe("a page of the gateway", () => {
  it.each(["192.168.1.5:8000", "gateway.local:8000", "10.0.0.7"])(
    "at http://%s is sent to no TLS that is not there",
    async (host) => {
      const headers = await headersAt(host);
      expect(headers["content-security-policy"]).not.toContain("upgrade-insecure-requests");
      expect(headers["content-security-policy"]).not.toContain("https:");
      expect(headers).not.toHaveProperty("strict-transport-security");
      // Browsers ignore these without TLS, and say so in red.
      expect(headers).not.toHaveProperty("cross-origin-opener-policy");
      expect(headers).not.toHaveProperty("origin-agent-cluster");
    },
  );

  it("runs and loads nothing but its own, nothing inline, and stands in nobody's frame", async () => {
    const headers = await headersAt("192.168.1.5:8000");
    const policy = String(headers["content-security-policy"]).split(";");
    const rules = new Map(policy.map((rule) => rule.trim().split(/ (.*)/s, 2) as [string, string]));
    expect(rules.get("default-src")).toBe("'self'");
    expect(rules.get("script-src")).toBe("'self'");
    expect(rules.get("style-src")).toBe("'self'");
    expect(rules.get("script-src-attr")).toBe("'none'");
    expect(rules.get("object-src")).toBe("'none'");
    expect(rules.get("base-uri")).toBe("'none'");
    expect(rules.get("frame-ancestors")).toBe("'none'");
    expect(headers["content-security-policy"]).not.toMatch(/unsafe|\*|http/);
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
    });
  });
});
