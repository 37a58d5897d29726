import { asciiJson } from "../json/ascii-json.ts";
import { eventData } from "../sse/event-data.ts";

/** What an event of progress is made of, beside the upstream's own numbers. */
export type ProgressNote = Readonly<{ requestId: string; created: number; model: string }>;

/** llama.cpp's `prompt_progress`: tokens, of which `cached` needed no reading. */
type Progress = { total: number; cache: number; processed: number; time_ms: number };

function progressIn(event: string): Progress | null {
  try {
    const found = (JSON.parse(eventData(event)) as { prompt_progress?: unknown }).prompt_progress;
    const { total, cache, processed, time_ms } = found as Record<keyof Progress, unknown>;
    return {
      total: Number(total),
      cache: Number(cache),
      processed: Number(processed),
      time_ms: Number(time_ms),
    };
  } catch {
    return null;
  }
}

/** A chunk that says nothing, which no client fails on, with our field in it. */
function chunk(note: ProgressNote, progress: Progress, done: boolean): string {
  const { total, cache, processed, time_ms } = progress;
  const percent = total > 0 ? Math.min(100, Math.floor((100 * processed) / total)) : 0;
  const message = `Reading your prompt: ${percent} %`;
  const text = asciiJson({
    id: note.requestId,
    object: "chat.completion.chunk",
    created: note.created,
    model: note.model,
    choices: [{ index: 0, delta: {}, finish_reason: null }],
    progress: { processed, total, cached: cache, percent, elapsed_ms: time_ms, message },
    event: {
      type: "status",
      data: done ? { description: message, done, hidden: true } : { description: message, done },
    },
  });
  return `data: ${text}\n\n`;
}

/**
 * Turns llama.cpp's chunks of prompt progress into ours, for a client that did not ask for them:
 * its own repeat the role in each, which some clients join. The chunk with 100 % ends it.
 */
export function createProgressTeller(note: ProgressNote): (event: string) => string {
  return (event) => {
    if (!event.includes('"prompt_progress":')) return event;
    const progress = progressIn(event);
    if (progress === null) return event;
    return chunk(note, progress, progress.processed >= progress.total);
  };
}
