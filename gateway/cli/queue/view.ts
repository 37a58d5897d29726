/** What `GET /queue` answers. */
export type QueueView = {
  state: string;
  waiting: number;
  active: number;
  capacity: number;
  /** How many slots can be used now; an older gateway does not report it. */
  usable?: number;
  data: QueueRow[];
};

export type QueueRow = {
  id: string;
  user: string;
  model: string;
  state: "waiting" | "running";
  /** 0 while running. */
  position: number;
  of: number;
  eta_seconds: number | null;
  /** When it joined, or started; ISO 8601. */
  since: string;
};

/** Reads an answer of `GET /queue`. Throws an Error with one line for any other answer. */
export function readView(text: string): QueueView {
  let view: unknown;
  try {
    view = JSON.parse(text);
  } catch {
    // Reported below.
  }
  const isView =
    typeof view === "object" && view !== null && "data" in view && Array.isArray(view.data);
  if (!isView) throw new Error("this is not the answer of a llm-gateway, or of another version");
  return view as QueueView;
}
