import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestGateway, type TestGateway } from "../gateway/test/harness.ts";
import { llamaScript, startLlamaServer, whyNoLlama } from "../gateway/test/llama-server.ts";
import { politeChat } from "../gateway/test/mock-upstream.ts";
import { createRandom } from "./line/load.ts";
import { median } from "./line/scenarios.ts";
import { machine } from "./machine.ts";

/**
 * The first `eta_seconds` of a wait against the wait, on a real llama-server: three users, one an
 * agent with four at once, two who read and think between theirs. `node bench/real-estimates.ts
 * [minutes] [slots]`
 */
const minutes = Number(process.argv[2] ?? 3);
const slots = Number(process.argv[3] ?? 1);
const random = createRandom(11);
const normal = (): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

type Wait = { user: string; position: number; etaMs: number; waitedMs: number };
type Queue = { position: number; eta_seconds: number | null };

const waits: Wait[] = [];
let ended = 0;

/**
 * Answers as long as people want them: log-normal. For half the line knows the bound; the others
 * have none, and their client stops them, since a model of random weights never ends by itself.
 */
async function ask(gateway: TestGateway, user: string, tokens: number): Promise<void> {
  const length = Math.ceil(tokens * Math.exp(0.6 * normal()));
  const bound: { max_tokens?: number } = random() < 0.5 ? { max_tokens: length } : {};
  const words = Math.ceil(150 * Math.exp(0.8 * normal()));
  const content = "a word and ".repeat(words);
  const asked = { messages: [{ role: "user", content }], stream: true, ...bound };
  const joined = performance.now();
  const stop = new AbortController();
  const { signal } = stop;
  const response = await gateway.post("/v1/chat/completions", asked, { user, signal });
  let first: Queue | null = null;
  let begun = false;
  let text = "";
  let answered = 0;
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    if (begun) answered += events.length;
    if (answered >= length && bound.max_tokens === undefined) break;
    if (begun) continue;
    for (const event of events) {
      // A comment for simpler clients stands before it.
      const at = event.indexOf("data: {");
      if (at < 0) continue;
      const { queue } = JSON.parse(event.slice(at + 6)) as { queue?: Queue | null };
      if (queue && queue.position > 0) first ??= queue;
      else if (!begun) {
        begun = true;
        if (first === null || first.eta_seconds === null) continue;
        const waitedMs = performance.now() - joined;
        const etaMs = first.eta_seconds * 1000;
        waits.push({ user, position: first.position, etaMs, waitedMs });
      }
    }
  }
  stop.abort();
  ended++;
}

/** One who asks again as soon as an answer is there, after some thought. */
async function person(
  gateway: TestGateway,
  user: string,
  tokens: number,
  thinkMs: number,
): Promise<void> {
  await sleep(thinkMs * random());
  while (performance.now() < until) {
    await ask(gateway, user, tokens);
    await sleep(-thinkMs * Math.log(1 - random()));
  }
}

function errorsOf(of: Wait[]): string {
  const told = of.filter(({ waitedMs }) => waitedMs >= 1000);
  const errors = told.map(({ etaMs, waitedMs }) => Math.abs(etaMs - waitedMs) / waitedMs);
  const wait = median(told.map(({ waitedMs }) => waitedMs)) / 1000;
  return `${told.length} | ${wait.toFixed(1)} s | ${(median(errors) * 100).toFixed(0)} % |`;
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
try {
  await Promise.all([
    ...Array.from({ length: 3 + slots }, () => person(gateway, "alice", 2_000, 2_000)),
    person(gateway, "bob", 2_600, 4_000),
    person(gateway, "bob", 2_600, 4_000),
    person(gateway, "carol", 1_400, 2_500),
  ]);
  const lines = [
    `| Waits, slots: ${slots} | Told | Median wait | Median error |`,
    "| --- | --- | --- | --- |",
    `| all of at least 1 s | ${errorsOf(waits)}`,
    `| … after the first 20, while it learnt | ${errorsOf(waits.slice(20))}`,
    `| promised 5 s or more | ${errorsOf(waits.filter(({ etaMs }) => etaMs >= 5_000))}`,
    ...["alice", "bob", "carol"].map(
      (user) => `| of ${user} | ${errorsOf(waits.filter((wait) => wait.user === user))}`,
    ),
  ];
  const told = `${machine(new Date())}; ${ended} generations in ${minutes} minutes`;
  process.stdout.write(`${[told, "", ...lines].join("\n")}\n`);
} finally {
  await gateway.stop();
  llama.stop();
}
