import { expect, it } from "vitest";
import { createKnownHosts } from "./known-hosts.ts";

const refuse = createKnownHosts(["llm.example.com"]);

it.each([
  undefined,
  "",
  "127.0.0.1",
  "192.168.1.10:8000",
  "[::1]",
  "[fd00::12]:8000",
  "localhost",
  "localhost:8000",
  "gateway:8000",
  "GPU-Box",
  "my_box:80",
  "box.local",
  "Box.Local.:8000",
  "box.lan",
  "a.b.home.arpa",
  "host.docker.internal:8000",
  "gateway.default.svc.cluster.local",
  "llm.example.com",
  "LLM.Example.com:443",
  "llm.example.com.",
])("is answered: %s", (host) => {
  expect(() => refuse(host)).not.toThrow();
});

it.each([
  "evil.example",
  "evil.example:8000",
  "a.llm.example.com",
  "llm.example.com.evil.example",
  "local.evil.example",
  "evillocal.example",
  "192.168.1.10.nip.io",
  "127.0.0.1.evil.example",
  "127.0.0.1@evil.example",
  "evil.example#.local",
  "evil.example/.local",
  "evil.example .local",
  "[::1].evil.example",
  "[evil.example]",
  "evil.example:80:80",
  "999.1.1.1",
  ".",
  'x"><script>',
])("is refused with 421: %s", (host) => {
  expect(() => refuse(host)).toThrow(
    expect.objectContaining({ status: 421, message: expect.stringContaining("ALLOWED_HOSTS") }),
  );
});

it("no name at all is foreign where ALLOWED_HOSTS is *", () => {
  expect(() => createKnownHosts(["*"])("evil.example")).not.toThrow();
});

it("a long or strange name is shown in part", () => {
  const long = `${"a".repeat(5_000)}.\u0000\u001b.example`;
  expect(() => refuse(long)).toThrow(/^.{1,300}$/);
});
