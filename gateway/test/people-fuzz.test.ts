import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { operations } from "../openapi/operations.ts";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

const numRuns = Number(process.env.FUZZ_RUNS ?? 150);

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway(politeChat, { ENABLE_RATE_LIMITING: "true" });
});
afterEach(() => gateway.stop());

const paths = /^\/(me|usage|users|invites|queue\/\{|limits|fairness|upstreams)/;
const about = operations.filter(({ path }) => paths.test(path) && path !== "/queue/events");

const word = fc.oneof(
  fc.constantFrom("admin", "erin", "__proto__", "constructor", "..", "", "a".repeat(300)),
  fc.constantFrom("<img onerror=x>", "ann@home", "sk-12345678901234567890", "0", "null", "🦙"),
  fc.string({ maxLength: 40 }),
);
/** What each field may be. */
const right: Record<string, unknown[]> = {
  weight: [0.5, 2],
  priority: [-1, 0, 3],
  models: [null, ["qwen*"]],
  max_concurrent: [null, 1],
  max_queued: [null, 5],
  limits: [null, { tokens: 500 }, { requests_per_day: 5 }],
  disabled: [true, false],
  note: ["for the tablet", null],
  speaks_for: [null, "open-webui", { header: "x-user" }],
  expires: [null, "2030-01-31"],
};
const rights = Object.entries(right);
const ofPath: Record<string, Record<string, unknown[]>> = {
  "/users": { user: ["erin", "ann@home", "alice"], role: ["user", "admin"] },
  "/invites": { user: ["erin", "zoe", "bob"], role: ["user"], expires_in: ["1d"], base: ["lan"] },
  "/invites/redeem": { secret: ["a".repeat(22)] },
  "/users/{user}/keys/{id}/rotate": { grace: ["0", "1h"] },
};
const names = [...Object.keys(right), ...Object.values(ofPath).flatMap((one) => Object.keys(one))];

const value = fc.oneof(
  word,
  fc.constantFrom<unknown>(null, true, false, 0, -1, 2.5, 1e308, [], {}, ["qwen*"], [null], [[]]),
  fc.constantFrom<unknown>({ tokens: 5 }, { tokens: -1 }, { tokens_per_day: "x" }, "1d", "-7d"),
  fc.constantFrom<unknown>("2030-01-31", "admin", "open-webui", { header: "x" }, { preset: 5 }),
  fc.jsonValue({ maxDepth: 3 }),
);
/** A body for this path: right, or with one field that is wrong, or of any shape. */
function bodyFor(path: string): fc.Arbitrary<unknown> {
  const own = Object.entries(ofPath[path] ?? {});
  const plain = fc.record(
    Object.fromEntries(
      [...own, ...(path.includes("redeem") || path.includes("rotate") ? [] : rights)].map(
        ([name, values]) => [name, fc.constantFrom(...values)],
      ),
    ),
    { requiredKeys: own.slice(0, 1).map(([name]) => name) },
  );
  const few = plain.map((one) => Object.fromEntries(Object.entries(one).slice(0, 3)));
  const spoilt = fc.tuple(few, fc.constantFrom(...names), value).map(([one, name, wrong]) => {
    return { ...one, [name]: wrong };
  });
  return fc.oneof(
    { weight: 4, arbitrary: few },
    { weight: 4, arbitrary: spoilt },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  );
}
const query = fc.dictionary(
  fc.constantFrom("from", "to", "group", "tz", "user", "format", "limit", "cursor", "now"),
  fc.oneof(word, fc.constantFrom("day,model", "2026-11-28", "csv", "5", "UTC", "1-1", "true")),
  { maxKeys: 4 },
);

/** The keys of users.json that make an administrator now, as they are written. */
function administratorsIn(file: string): string[] {
  type Entry = { role?: string; disabled?: boolean; expires?: string | null };
  const entries = Object.entries(JSON.parse(readFileSync(file, "utf8")) as Record<string, Entry>);
  const isOver = ({ expires }: Entry): boolean =>
    expires != null && Date.parse(expires) <= Date.now();
  return entries
    .filter(([, entry]) => entry.role === "admin" && !entry.disabled && !isOver(entry))
    .map(([key]) => key);
}

it("whatever the calls about people are sent, the answer is right or a 4xx that says why", {
  timeout: numRuns * 500 + 30_000,
}, async () => {
  expect(about.length).toBeGreaterThan(15);
  let changes = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...about).chain((one) => fc.tuple(fc.constant(one), bodyFor(one.path))),
      fc.array(fc.oneof(fc.constantFrom("bob", "carol", "erin"), word), {
        ...{ minLength: 2, maxLength: 2 },
      }),
      query,
      fc.constantFrom("admin", "admin", "alice"),
      async ([{ method, path }, sent], words, asked, user) => {
        const at = path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(words.pop() ?? "x") || "x");
        const call = ownRoutes(gateway.url, gateway.keys[user]!)
          [method](`${at}?${new URLSearchParams(asked)}`)
          .set("content-type", "application/json");
        const answer = await (method === "get" ? call : call.send(JSON.stringify(sent)));
        const what = `${user} ${method} ${at} ${JSON.stringify([asked, sent])}: ${answer.text}`;
        expect(answer.status, what).toBeLessThan(500);
        if (answer.status < 300 && method !== "get") changes += 1;
        if (answer.status >= 400) {
          expect(answer.body.error?.message, what).toMatch(/\.$/);
          expect(answer.text, what).not.toMatch(/sk-1234567890|\bat .*\.ts:/);
        }
      },
    ),
    { numRuns },
  );
  expect(changes).toBeGreaterThan(numRuns / 50);
  // The last administrator cannot lock everybody out. One of several may be removed, by themselves too.
  const admins = administratorsIn(gateway.usersFile);
  expect(admins.length).toBeGreaterThan(0);
  if (admins.includes(gateway.keys.admin!)) {
    await ownRoutes(gateway.url, gateway.keys.admin!).get("/users").expect(200);
  }
  // Nothing wrong got into the file.
  expect(await gateway.health()).toMatchObject({ users_file: { ok: true, error: null } });
});
