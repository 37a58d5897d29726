import { describe, expect, test } from "vitest";
import { readText } from "./kind.ts";
import { notifyAddress, shownAddress } from "./notify-address.ts";

test.each([
  ["https://ntfy.sh/my-topic", "ntfy"],
  ["https://ntfy.example.com/box", "ntfy"],
  ["https://gotify.example.com/message?token=A.b", "gotify"],
  ["https://hooks.slack.com/services/T/B/x", "slack"],
  ["https://discord.com/api/webhooks/1/x", "discord"],
  ["https://discordapp.com/api/webhooks/1/x", "discord"],
  ["https://example.com/hook", "json"],
  ["http://192.168.1.5:9000/hook?a=1", "json"],
  ["https://example.com/ntfy.sh/hook", "json"],
])("%s is of the form %s", (text, form) => {
  expect(notifyAddress.read(text)).toEqual({ form, url: text, authorization: null });
});

test("a form can be named where the address does not show it", () => {
  expect(notifyAddress.read("ntfy+http://192.168.1.5:2586/box")).toMatchObject({
    form: "ntfy",
    url: "http://192.168.1.5:2586/box",
  });
  expect(notifyAddress.read("slack+https://chat.example.com/hooks/x").form).toBe("slack");
  expect(notifyAddress.read("JSON+https://discord.com/x").form).toBe("json");
});

test("name and password become a header, and leave the address", () => {
  expect(notifyAddress.read("https://:tk_a%20b@ntfy.sh/t")).toEqual({
    form: "ntfy",
    url: "https://ntfy.sh/t",
    authorization: `Basic ${Buffer.from(":tk_a b").toString("base64")}`,
  });
});

describe("what cannot be an address", () => {
  test.each([
    ["ntfy.sh/topic", /^must be an http/],
    ["ftp://x/y", /^must be an http/],
    ["file:///etc/passwd", /^must be an http/],
    ["mail+https://x/y", /^must be an http/],
    ["https://%zz:x@ntfy.sh/t", /^must be an http/],
    ["https://ntfy.sh/", /^must end with a topic/],
    ["gotify+https://x/message", /^must have the application's token/],
  ])("%s is refused", (text, fault) => {
    expect(readText(notifyAddress, text).fault).toMatch(fault);
  });
});

test("no secret of an address is shown", () => {
  const address = notifyAddress.read("https://u:p@gotify.example.com:8443/message?token=secret");
  expect(shownAddress(address)).toBe("gotify at gotify.example.com:8443");
});
