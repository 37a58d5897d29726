/** Puts an id of ours in place of the upstream's, event by event, as exact bytes. */
export type Renamer = {
  /** The event to send on; `""` for none. Events are latin1 text. */
  rename(event: string): string;
  /** The id the upstream gave its answer; null before one was read. */
  readonly upstreamId: string | null;
};

/** An answer that the gateway itself began while its client waited. */
export type BegunAnswer = Readonly<{
  id: string;
  /** Events sent so far, each of which has a number. */
  events: number;
}>;
