import { once } from "node:events";
import { createServer, get, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { allLines } from "../line/all-lines.ts";
import { createLine, type Line } from "../line/line.ts";
import { until } from "../test/support/harness.ts";
import { watchLoop } from "../test/support/loop-cpu.ts";
import { QueueFeed } from "./queue-feed.ts";

type Answer = {
  response: ServerResponse;
  text(): string;
  /** How many waited, in each view that has begun to come. */
  readonly counts: Set<number>;
};

/** Opens so many answers of a real server, which their clients read. */
async function openAnswers(count: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  const server = createServer((_request, response) => {
    const answer = { response, text: () => "", counts: new Set<number>() };
    answers.push(answer);
    response.flushHeaders();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  for (let at = 0; at < count; at++) {
    const request = get({ port, host: "127.0.0.1", agent: false }).on("error", () => {});
    const [incoming] = await once(request, "response");
    incoming.on("error", () => {});
    let text = "";
    let rest = "";
    const answer = answers[at];
    incoming.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      // Only what is new is searched: to search megabytes would be the longest turn.
      const fresh = rest + piece;
      for (const [, count] of fresh.matchAll(/"waiting":(\d+),/g))
        answer?.counts.add(Number(count));
      rest = fresh.slice(-24);
    });
    if (answer !== undefined) answer.text = () => text;
  }
  return answers;
}

/** A line in which `count` requests of ten users wait behind one that runs. */
function longLine(count: number): Line {
  const line = createLine({ capacity: 1, maxQueue: null, placesEveryMs: 100 });
  for (let at = 0; at <= count; at++) {
    const signal = AbortSignal.any([]);
    const ticket = { id: `r${at}`, user: `user${at % 10}`, model: "m", weight: 1, signal };
    void line.join(ticket as Parameters<Line["join"]>[0]).catch(() => {});
  }
  return line;
}

/** The views that a follower was told. */
const viewsIn = (text: string): { waiting: number; data: { id: string; user: string }[] }[] =>
  text
    .split("\n\n")
    .filter((event) => event.startsWith("data: "))
    .map((event) => JSON.parse(event.slice(6)));

it("tells users their own requests, and an administrator those of all", async () => {
  const line = longLine(20);
  const feed = new QueueFeed(allLines([line], () => 1));
  const [one, two] = await openAnswers(2);
  if (one === undefined || two === undefined) throw new Error("two answers are open");
  const ends = [feed.follow("user3", one.response), feed.follow(null, two.response)];
  line.cancel("r13");
  await expect.poll(() => viewsIn(one.text()).length).toBe(2);
  await expect.poll(() => viewsIn(two.text()).length).toBe(2);
  const [before, after] = viewsIn(one.text());
  expect(before?.data.map(({ id }) => id)).toEqual(["r3", "r13"]);
  expect(after?.data.map(({ id }) => id)).toEqual(["r3"]);
  expect(viewsIn(two.text()).map(({ data }) => data.length)).toEqual([21, 20]);
  for (const { end } of ends) end();
});

it("takes no turn of the loop for long: a hundred follow five thousand", async () => {
  const line = longLine(5_000);
  const feed = new QueueFeed(allLines([line], () => 1));
  const answers = await openAnswers(100);
  const ends: { end(): void }[] = [];
  for (const [at, { response }] of answers.entries()) {
    ends.push(feed.follow(at % 2 === 0 ? null : `user${at % 10}`, response));
    await sleep(1);
  }
  const allSee = (waiting: number): Promise<void> =>
    until(() => answers.every(({ counts }) => counts.has(waiting)), `all see ${waiting}`);
  // The first time the code is compiled.
  line.cancel("r77");
  await allSee(4_999);
  // The least of three: a collection of garbage may fall into one turn.
  let longest = Number.POSITIVE_INFINITY;
  for (const waiting of [4_998, 4_997, 4_996]) {
    using watch = watchLoop();
    line.cancel(`r${5_076 - waiting}`);
    await allSee(waiting);
    longest = Math.min(longest, watch.longest());
  }
  for (const { end } of ends) end();
  expect(longest).toBeLessThan(50);
});
