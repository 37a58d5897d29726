/** The part of a user's time that one of their sessions has used. */
export type Session = {
  readonly name: string;
  /** Milliseconds of slots used, estimates included. The session with the least goes first. */
  turn: number;
  /** Its requests that wait or run. */
  requests: number;
};

/** More sessions of one user at once share one: a client may send a new name with each request. */
const mostSessions = 32;
const overflow = "\u0000";

/** The sessions of one user that have requests here. */
export class Sessions {
  readonly #byName = new Map<string, Session>();
  /** The virtual time of the latest start: a session that was away enters here. */
  #present = 0;
  /** That of the session that is next. Lanes compare by what theirs is above it. */
  base = 0;

  /** The session of a request that joins. */
  enter(name: string): Session {
    const isFull = this.#byName.size >= mostSessions && !this.#byName.has(name);
    const used = isFull ? overflow : name;
    let session = this.#byName.get(used);
    if (session === undefined) {
      session = { name: used, turn: this.#present, requests: 0 };
      this.#byName.set(used, session);
    }
    session.requests += 1;
    return session;
  }

  /** A request of the session has ended, or has left. */
  leave(session: Session): void {
    session.requests -= 1;
    if (session.requests === 0) this.#byName.delete(session.name);
  }

  /** For a line that is run ahead: the same times, without requests. */
  copy(): Sessions {
    const copy = new Sessions();
    copy.#present = this.#present;
    copy.base = this.base;
    for (const [name, session] of this.#byName) copy.#byName.set(name, { ...session, requests: 0 });
    return copy;
  }

  /** Finds the session that is next among those of waiting lanes. */
  settle(lanes: readonly { readonly session: Session }[]): void {
    const [first] = lanes;
    if (first === undefined) return;
    this.base = first.session.turn;
    if (this.#byName.size === 1) return;
    for (const { session } of lanes) this.base = Math.min(this.base, session.turn);
  }

  started(session: Session): void {
    this.#present = Math.max(this.#present, session.turn);
  }
}
