import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestGateway } from "../gateway/test/support/harness.ts";
import { llamaScript, startLlamaServer, whyNoLlama } from "../gateway/test/support/llama-server.ts";
import { politeChat } from "../gateway/test/support/mock-upstream.ts";
import { createRandom } from "./line/load.ts";
import { median } from "./line/scenarios.ts";
import { machine } from "./machine.ts";
import { ask, type Wait } from "./real/ask.ts";
import { type Person, peopleOf, type Situation } from "./real/situations.ts";

/**
 * The first `eta_seconds` of a wait against the wait, on a real llama-server:
 * `node bench/real-estimates.ts [minutes] [slots] [mix|agent]`. In the mix three users ask, one of
 * them an agent with a few at once; else an agent keeps fifty calls going while two users come with
 * single requests.
 */
const minutes = Number(process.argv[2] ?? 3);
const slots = Number(process.argv[3] ?? 1);
const situation: Situation = process.argv[4] === "agent" ? "agent" : "mix";
const random = createRandom(11);
const normal = (): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const waits: Wait[] = [];
const end = new AbortController();
let ended = 0;
/** Those who came in time and have not started yet. */
let missing = 0;

/**
 * Asks until all who came in time have started: if it ended before, long waits would count less
 * often than short ones, and if others came no more, the last waits would be shorter. Lengths are
 * log-normal; for half of the answers the line knows the bound.
 */
async function live({ user, tokens, thinkMs }: Person): Promise<void> {
  await sleep(thinkMs * random());
  while (!end.signal.aborted) {
    const question = {
      user,
      tokens: Math.ceil(tokens * Math.exp(0.6 * normal())),
      words: Math.ceil(150 * Math.exp(0.8 * normal())),
      isBound: random() < 0.5,
    };
    const isInTime = performance.now() < until;
    if (isInTime) missing++;
    await ask(gateway, question, end.signal, (wait) => {
      if (!isInTime) return;
      missing--;
      if (wait !== null) waits.push(wait);
      endIfDone();
    });
    ended++;
    await sleep(-thinkMs * Math.log(1 - random()), undefined, { signal: end.signal });
  }
}

function endIfDone(): void {
  if (missing === 0 && performance.now() >= until) end.abort();
}

/** One line of the table: those who were told a time and waited for at least a second. */
function row(name: string, of: Wait[]): string {
  const told = of.filter(({ etaMs, waitedMs }) => etaMs !== null && waitedMs >= 1000);
  if (told.length === 0) return `| ${name} | 0 | | | |`;
  const parts = told.map(({ etaMs, waitedMs }) => (etaMs ?? 0) / waitedMs);
  const wait = median(told.map(({ waitedMs }) => waitedMs)) / 1000;
  const error = median(parts.map((part) => Math.abs(part - 1))) * 100;
  const cells = [name, told.length, `${wait.toFixed(1)} s`, median(parts).toFixed(2)];
  return `| ${cells.join(" | ")} | ${error.toFixed(0)} % |`;
}

if (llamaScript === null) throw new Error(whyNoLlama);
const model = join(dirname(llamaScript), "models/tiny64k.gguf");
const env = { NP: String(slots), CTX: String(65536 * slots), MODEL: model };
const llama = await startLlamaServer(llamaScript, env);
const gateway = await startTestGateway(politeChat, {
  UPSTREAM_URL: llama.url,
  UPSTREAM_TYPE: "llamacpp",
  MAX_CONCURRENT: String(slots),
});
const until = performance.now() + minutes * 60_000;
const atEnd = setTimeout(endIfDone, minutes * 60_000 + 1);
try {
  const people = peopleOf(situation, slots);
  const lives = people.flatMap((one) => Array.from({ length: one.count }, () => live(one)));
  await Promise.all(lives).catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  const lines = [
    `| ${situation}, slots: ${slots} | Told | Median wait | Told of waited, median | Median error |`,
    "| --- | --- | --- | --- | --- |",
    row("all of at least 1 s", waits),
    ...["alice", "bob", "carol"].map((user) =>
      row(
        `of ${user}`,
        waits.filter((wait) => wait.user === user),
      ),
    ),
  ];
  const told = `${machine(new Date())}; ${ended} generations in ${minutes} minutes`;
  process.stdout.write(`${[told, "", ...lines].join("\n")}\n`);
} finally {
  clearTimeout(atEnd);
  await gateway.stop();
  llama.stop();
}
