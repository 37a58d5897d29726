import type { Declare } from "./declare.ts";
import type { SettledEvent } from "./settled-event.ts";
import type { Speeds } from "./speeds.ts";

/**
 * The buckets that existing dashboards use, without labels: a quantile must stay comparable with
 * last year's.
 */
const buckets = {
  duration: [1, 5, 15, 30, 60, 120, 300, 600],
  wait: [0.01, 0.1, 0.5, 1, 5, 15, 30, 60, 120],
  generation: [1, 5, 15, 30, 60, 120, 300, 600],
  promptEval: [0.1, 0.5, 1, 2, 5, 10, 30],
  speed: [0.5, 1, 2, 5, 10, 20, 50, 100],
  promptSpeed: [1, 5, 10, 20, 50, 100, 200, 500],
};

/** The series about the times of all generations. */
export function createTimeSeries({
  histogram,
}: Declare): (event: SettledEvent, speeds: Speeds) => void {
  const duration = histogram(
    "request_duration_seconds",
    "Seconds from request to end of answer, queue wait included",
    buckets.duration,
  );
  const wait = histogram(
    "queue_wait_seconds",
    "Seconds that a request waited in the queue",
    buckets.wait,
  );
  const generating = histogram(
    "generation_seconds",
    "Seconds of generating tokens: the upstream's own number if it gives one, else from first token to end",
    buckets.generation,
  );
  const promptEval = histogram(
    "prompt_eval_seconds",
    "Seconds of reading the prompt: the upstream's own number if it gives one, else from slot to first token",
    buckets.promptEval,
  );
  const speed = histogram("tokens_per_second", "Generated tokens per second", buckets.speed);
  const promptSpeed = histogram(
    "prompt_tokens_per_second",
    "Prompt tokens read per second, without cached ones",
    buckets.promptSpeed,
  );
  return (event, speeds) => {
    duration(event.durationMs / 1000);
    wait(event.queueMs / 1000);
    generating(speeds.generating);
    promptEval(speeds.promptEval);
    speed(speeds.tokens);
    promptSpeed(speeds.promptTokens);
  };
}
