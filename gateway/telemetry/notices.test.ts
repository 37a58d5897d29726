import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { notifyAddress } from "../kinds/notify-address.ts";
import { until } from "../test/support/harness.ts";
import { type NoticeReceiver, startNoticeReceiver } from "../test/support/notice-receiver.ts";
import { sampleEvent } from "../test/support/sample-event.ts";
import { createNotices, type Notices, type NoticesOptions } from "./notices.ts";

let receiver: NoticeReceiver;
let notices: Notices | null = null;
let lost: { to: string; event: string; reason: string }[] = [];
beforeEach(async () => {
  receiver = await startNoticeReceiver();
  lost = [];
});
afterEach(async () => {
  await notices?.close();
  await receiver.close();
});

/** Notices for this form and path of the receiver. */
function open(form: string, path: string, more: Partial<NoticesOptions> = {}): Notices {
  notices = createNotices({
    to: notifyAddress.read(`${form}+${receiver.url}${path}`),
    secret: null,
    longMs: 0,
    from: "gpu-box",
    onTrouble: (trouble) => void lost.push(trouble),
    quietMs: 60_000,
    retryMs: [10, 10],
    ...more,
  });
  return notices;
}

const arrived = (count: number) =>
  until(() => receiver.got.length >= count, `${count} notices, not ${receiver.got.length}`);

const eventsIn = () => receiver.got.map(({ body }) => body.event);

describe("a notice in the words of", () => {
  it("ntfy names the topic in its body, and goes to the server", async () => {
    open("ntfy", "/sub/my-topic").upstream("gpu1", false, "ECONNREFUSED");
    await arrived(1);
    expect(receiver.got[0]).toMatchObject({ path: "/sub/" });
    expect(receiver.got[0]?.body).toEqual({
      topic: "my-topic",
      title: "gpu1 does not answer",
      message: "ECONNREFUSED. (gpu-box)",
      priority: 4,
      tags: ["warning"],
    });
  });

  it("a reason that is a sentence already keeps the one mark at its end", async () => {
    open("json", "/").upstream("gpu1", false, "The upstream cannot be reached (ECONNREFUSED).");
    await arrived(1);
    expect(receiver.got[0]?.body.text).toBe("The upstream cannot be reached (ECONNREFUSED).");
  });

  it("Gotify has its token in a header, not in the address", async () => {
    open("gotify", "/message?token=A.b").usersFile("line 3: no JSON");
    await arrived(1);
    const [{ path, headers, body } = receiver.got[0]!] = receiver.got;
    expect(path).toBe("/message");
    expect(headers["x-gotify-key"]).toBe("A.b");
    expect(body).toEqual({
      title: "users.json is invalid",
      message: "line 3: no JSON. The last valid version stays in use. (gpu-box)",
      priority: 8,
    });
  });

  it("Slack is text without marks of its own", async () => {
    open("slack", "/services/T/B/x").upstream("<a&b>", false, null);
    await arrived(1);
    expect(receiver.got[0]?.body).toEqual({
      text: "*&lt;a&amp;b&gt; does not answer*\nIts requests wait or fail. (gpu-box)",
    });
  });

  it("Discord calls nobody", async () => {
    open("discord", "/api/webhooks/1/x").upstream("@everyone", false, null);
    await arrived(1);
    expect(receiver.got[0]?.body).toMatchObject({
      content: expect.stringContaining("**@everyone does not answer**"),
      allowed_mentions: { parse: [] },
    });
  });

  it("plain JSON says what happened, and is signed by the rules of standard webhooks", async () => {
    const raw = Buffer.from("0123456789abcdef0123456789abcdef");
    const secrets = [
      [raw.toString(), raw],
      [`whsec_${raw.toString("base64")}`, raw],
    ] as const;
    for (const [secret, key] of secrets) {
      receiver.got.length = 0;
      open("json", "/hook", { secret }).queue(12, 660_000);
      await arrived(1);
      const [{ headers, text, body } = receiver.got[0]!] = receiver.got;
      expect(body).toMatchObject({
        event: "queue_long",
        ok: false,
        title: "Requests wait long",
        text: "12 wait, the first one for 11 minutes.",
        gateway: "gpu-box",
        waiting: 12,
        oldest_seconds: 660,
      });
      const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${text}`;
      const signature = createHmac("sha256", key).update(signed).digest("base64");
      expect(headers["webhook-signature"]).toBe(`v1,${signature}`);
    }
  });

  it("a service with a name and password gets them as a header", async () => {
    const to = notifyAddress.read(`${receiver.url.replace("http://", "ntfy+http://:tk_x@")}/t`);
    open("json", "/", { to }).ledger("disk full");
    await arrived(1);
    expect(receiver.got[0]?.headers.authorization).toBe(`Basic ${btoa(":tk_x")}`);
  });

  it("one address gets each user's own name and password, and form, also at the same time", async () => {
    const told = open("json", "/");
    for (const name of ["ann", "bob"]) {
      const url = receiver.url.replace("http://", `http://${name}:secret@`);
      told.limit(name, notifyAddress.read(`${url}/t`), "used");
      told.limit(`${name}-2`, notifyAddress.read(`ntfy+${receiver.url}/t`), "used");
    }
    await arrived(4);
    const sent = receiver.got.map(({ headers, body }) => [headers.authorization, body.user]);
    const own = (name: string) => [`Basic ${btoa(`${name}:secret`)}`, name];
    expect(sent).toEqual(expect.arrayContaining([own("ann"), own("bob"), [undefined, undefined]]));
  });
});

describe("a change", () => {
  it("is told once, and what comes in the time after it is told as where it has come to", async () => {
    const told = open("json", "/", { quietMs: 100 });
    for (let i = 0; i < 50; i++) told.upstream("gpu1", i % 2 === 1, "down");
    told.upstream("gpu1", true, null);
    await arrived(2);
    expect(eventsIn()).toEqual(["upstream_down", "upstream_up"]);
  });

  it("that is taken back in that time is not told", async () => {
    const told = open("json", "/", { quietMs: 50 });
    told.backup("no space");
    told.backup(null);
    told.backup("no space");
    told.ledger("no space");
    await arrived(2);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(eventsIn()).toEqual(["backup_failed", "ledger_trouble"]);
  });

  it("of the disk is told in sizes that people read", async () => {
    const told = open("json", "/");
    told.disk(2 ** 30, 100 * 2 ** 30, true);
    await arrived(1);
    expect(receiver.got[0]?.body).toMatchObject({
      event: "disk_low",
      text: "1.0 GiB of 100.0 GiB are free.",
      free_bytes: 2 ** 30,
    });
  });

  it("to what was always well is none", async () => {
    const told = open("json", "/");
    told.usersFile(null);
    told.upstream("gpu1", true, null);
    told.queue(0, null);
    told.ledger("trouble");
    await arrived(1);
    expect(eventsIn()).toEqual(["ledger_trouble"]);
  });
});

describe("a user", () => {
  it("hears of a limit once an hour, however often it refuses", async () => {
    let now = 0;
    const to = notifyAddress.read(`${receiver.url}/alice`);
    notices = createNotices(
      { to: null, secret: "s".repeat(32), longMs: 0, from: "gpu-box", onTrouble() {} },
      () => now,
    );
    for (let i = 0; i < 100; i++) notices.limit("alice", to, "You have used 5 of 5 requests.");
    notices.limit("bob", notifyAddress.read(`${receiver.url}/bob`), "You too.");
    await arrived(2);
    now = 3_600_000;
    notices.limit("alice", to, "Again.");
    await arrived(3);
    expect(receiver.got.map(({ path, body }) => [path, body.text])).toEqual([
      ["/alice", "You have used 5 of 5 requests."],
      ["/bob", "You too."],
      ["/alice", "Again."],
    ]);
    // The secret is not theirs.
    expect(receiver.got[0]?.headers["webhook-signature"]).toBeUndefined();
  });

  it.each([
    ["done", null, "Your request for tiny is done"],
    ["failed", "upstream_timeout", "Your request for tiny has failed"],
    ["cancelled", "cancelled", "Your request for tiny was cancelled"],
  ] as const)("hears that a request is %s", async (state, errorCode, title) => {
    const event = sampleEvent({ state, errorCode, durationMs: 840_000 });
    open("json", "/").done(notifyAddress.read(`${receiver.url}/alice`), event);
    await arrived(1);
    expect(receiver.got[0]?.body).toMatchObject({ title, model: "tiny", seconds: 840 });
    expect(receiver.got[0]?.body.text).toContain("It was sent 14 minutes ago.");
  });

  it("has notices also where those who run the gateway have none", async () => {
    const to = notifyAddress.read(`${receiver.url}/alice`);
    notices = createNotices({ to: null, secret: null, longMs: 1_000, from: "x", onTrouble() {} });
    notices.upstream("gpu1", false, null);
    // This one took less than is worth a notice.
    notices.done(to, sampleEvent({ durationMs: 999 }));
    notices.done(to, sampleEvent({ durationMs: 1_000 }));
    await arrived(1);
    expect(eventsIn()).toEqual(["request_done"]);
  });
});

describe("a service that", () => {
  it("fails is asked again, with the same id, and then given up", async () => {
    receiver.answer(503);
    open("json", "/").ledger("trouble");
    await until(() => lost.length === 1, "it is given up");
    expect(receiver.got).toHaveLength(3);
    expect(new Set(receiver.got.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    const to = `json at ${new URL(receiver.url).host}`;
    expect(lost).toEqual([{ to, event: "ledger_trouble", reason: "it answers 503" }]);
  });

  it("comes back gets what waited, in its order", async () => {
    receiver.answer(500);
    const told = open("json", "/", { retryMs: [20, 20, 20, 20, 20, 20] });
    told.ledger("trouble");
    told.usersFile("trouble");
    await arrived(1);
    receiver.answer(200);
    await until(() => eventsIn().includes("users_file_invalid"), "the second");
    expect(eventsIn().filter((event) => event === "users_file_invalid")).toHaveLength(1);
    expect(lost).toEqual([]);
  });

  it("refuses is not asked again", async () => {
    receiver.answer(404);
    open("json", "/").ledger("trouble");
    await until(() => lost.length === 1, "it is given up");
    expect(receiver.got).toHaveLength(1);
  });

  it("sends elsewhere is not followed: only the address that was set is asked", async () => {
    const elsewhere = await startNoticeReceiver();
    receiver.answer(307, { location: `${elsewhere.url}/` });
    open("json", "/").ledger("trouble");
    await until(() => lost.length === 1, "it is given up");
    expect(elsewhere.got).toEqual([]);
    expect(lost[0]?.reason).toBe("it answers 307");
    await elsewhere.close();
  });

  it("is silent holds back no more than twenty notices, and the end for two seconds", async () => {
    receiver.fallSilent();
    const told = open("json", "/");
    for (let i = 0; i < 100; i++) told.upstream(`gpu${i}`, false, null);
    await arrived(1);
    await until(() => lost.length === 80, `80 are lost, not ${lost.length}`);
    expect(new Set(lost.map(({ reason }) => reason))).toEqual(new Set(["too many notices wait"]));
    const from = performance.now();
    await told.close();
    // Two seconds on a busy machine; one try alone could take ten, and there are twenty.
    expect(performance.now() - from).toBeLessThan(9_000);
  });
});
