/** What `GET /queue` answers. */
export type QueueView = {
  state: string;
  waiting: number;
  active: number;
  capacity: number;
  /** Of the capacity, what may be used now. An older gateway does not say. */
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

/** Reads an answer of `GET /queue`; throws one line where something else answers there. */
export function readView(text: string): QueueView {
  let view: unknown;
  try {
    view = JSON.parse(text);
  } catch {
    // Said below.
  }
  const isView =
    typeof view === "object" && view !== null && "data" in view && Array.isArray(view.data);
  if (!isView) throw new Error("what answers there is no llm-gateway, or another version of it");
  return view as QueueView;
}
