import { setTimeout as sleep } from "node:timers/promises";
import { type Finding, fail, ok, reasonOf, skip, warn } from "./finding.ts";
import {
  createUpstreamProbe,
  isMembers,
  type Members,
  type UpstreamProbe,
} from "./upstream-probe.ts";

export type UpstreamCheck = {
  /** Null: the echo. */
  url: string | null;
  key: string | null;
  capacity: number | "auto";
  /** Whether it may be asked to generate a few words, past the line. */
  generates: boolean;
  /** Whether 127.0.0.1 is a container's own. */
  isContainer: boolean;
  timeoutMs: number;
};

const about = "upstream";

/** Reachable, what it is, its models and slots; does it stream, count, and notice a leaving? */
export async function checkUpstream(check: UpstreamCheck): Promise<Finding[]> {
  const { url, key, timeoutMs } = check;
  if (url === null) {
    return [
      warn(about, "none is set: every answer is an echo", "Set UPSTREAM_URL to your server."),
    ];
  }
  if (check.isContainer && /\/\/(localhost|127\.|\[::1\]|0\.0\.0\.0)/.test(url)) {
    const todo = "Write host.docker.internal in place of it in UPSTREAM_URL.";
    return [fail(about, `${url} is the container itself, not this machine`, todo)];
  }
  const first = createUpstreamProbe({ url, key, model: "", timeoutMs });
  let answer: Awaited<ReturnType<UpstreamProbe["get"]>>;
  try {
    answer = await first.get("/v1/models");
  } catch (error) {
    return [
      fail(about, `${url} cannot be reached: ${reasonOf(error)}`, hintFor(url, reasonOf(error))),
    ];
  }
  if (answer.status === 401 || answer.status === 403) {
    return [
      fail(
        about,
        `it refuses the gateway's key (${answer.status})`,
        "Set UPSTREAM_API_KEY to a key it takes.",
      ),
    ];
  }
  if (answer.status === 503) {
    return [warn(about, "it is still loading its model", "Wait, then run doctor again.")];
  }
  const models = modelsIn(answer.body);
  if (answer.status !== 200 || models === null) {
    const todo = "Is UPSTREAM_URL an OpenAI-compatible server? /v1 may be left out.";
    return [fail(about, `${url}/v1/models answers ${answer.status} and no list of models`, todo)];
  }
  const probe = createUpstreamProbe({ url, key, model: models[0] ?? "default", timeoutMs });
  const slots = await slotsOf(probe);
  return [
    ok(about, `${url} answers; ${models.length} models: ${models.slice(0, 3).join(", ")}`),
    ...clockFinding(answer.date),
    ...slotFinding(slots, check.capacity),
    ...(check.generates ? await watched(probe, slots !== null) : []),
  ];
}

function hintFor(url: string, reason: string): string {
  if (url.includes("host.docker.internal") && /ECONNREFUSED|no answer/.test(reason)) {
    return "Does it listen for others than 127.0.0.1? Start it with --host 0.0.0.0 (Ollama: OLLAMA_HOST=0.0.0.0), and let the firewall pass it.";
  }
  if (reason === "ENOTFOUND") return "Is the name in UPSTREAM_URL right?";
  return "Start the server, or correct UPSTREAM_URL.";
}

function modelsIn(body: unknown): string[] | null {
  if (!isMembers(body) || !Array.isArray(body.data)) return null;
  return body.data.flatMap((model) => (isMembers(model) ? [String(model.id)] : []));
}

/** llama.cpp's number of slots; null with any other server. */
async function slotsOf(probe: UpstreamProbe): Promise<number | null> {
  const { body } = await probe.get("/props").catch(() => ({ body: null }));
  return isMembers(body) && typeof body.total_slots === "number" ? body.total_slots : null;
}

function slotFinding(slots: number | null, capacity: number | "auto"): Finding[] {
  if (slots === null || capacity === "auto" || slots === capacity) {
    return slots === null ? [] : [ok("slots", `llama.cpp with ${slots} slots, as MAX_CONCURRENT`)];
  }
  const says = `llama.cpp has ${slots} slots, MAX_CONCURRENT is ${capacity}`;
  return capacity > slots
    ? [
        warn(
          "slots",
          says,
          `Set MAX_CONCURRENT=${slots}: the rest waits where nobody sees the place.`,
        ),
      ]
    : [
        warn(
          "slots",
          says,
          `Set MAX_CONCURRENT=${slots}, or start it with --parallel ${capacity}.`,
        ),
      ];
}

/** The Date header is the other machine's clock: two that agree are seldom both wrong. */
export function clockFinding(date: string | null, now: number = Date.now()): Finding[] {
  if (date === null) return [];
  const off = Math.round((now - Date.parse(date)) / 1000);
  if (Number.isNaN(off)) return [];
  if (Math.abs(off) <= 30) return [ok("clock", "agrees with the upstream's")];
  const says = `${Math.abs(off)} s ${off > 0 ? "ahead of" : "behind"} the upstream's`;
  return [warn("clock", says, "Turn on time synchronisation (timedatectl set-ntp true) on both.")];
}

async function watched(probe: UpstreamProbe, isLlama: boolean): Promise<Finding[]> {
  let events = 0;
  let counted = false;
  try {
    const status = await probe.chat(12, (event) => {
      events++;
      counted ||= isMembers(event.usage) || isMembers(event.timings);
      return true;
    });
    if (status !== 200) {
      return [
        fail("generates", `a short chat is answered ${status}`, "Look at the upstream's own log."),
      ];
    }
  } catch (error) {
    return [
      fail(
        "generates",
        `a short chat fails: ${reasonOf(error)}`,
        "Look at the upstream's own log.",
      ),
    ];
  }
  return [
    events > 2
      ? ok("generates", `streams: ${events} events for a short chat`)
      : warn(
          "generates",
          `it answers in ${events} events: it does not stream`,
          "Turn on streaming there; clients see nothing until the end.",
        ),
    counted
      ? ok("usage", "reports what was used")
      : warn(
          "usage",
          "does not report what was used",
          "Tokens in the accounts are then unknown; a newer version of it may help.",
        ),
    isLlama
      ? await noticesLeaving(probe)
      : skip("leaving", "only llama.cpp shows whether it notices that a client has left"),
  ];
}

/** Leaves in mid-stream and looks whether its slots fall idle. */
async function noticesLeaving(probe: UpstreamProbe): Promise<Finding> {
  try {
    await probe.chat(2_000, () => false);
    for (let tries = 0; tries < 20; tries++) {
      await sleep(150);
      const { status, body } = await probe.get("/slots");
      if (status !== 200 || !Array.isArray(body)) {
        return skip("leaving", "its /slots is off, so it cannot be seen");
      }
      if (!body.some((slot: Members) => slot.is_processing === true)) {
        return ok("leaving", "stops within moments when a client leaves");
      }
    }
    return warn(
      "leaving",
      "it still works 3 s after its client left (or for somebody else)",
      "Run doctor again while nobody uses it.",
    );
  } catch (error) {
    return skip("leaving", `it could not be looked at: ${reasonOf(error)}`);
  }
}
