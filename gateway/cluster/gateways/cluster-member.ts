import { slotLost } from "../../errors.ts";
import { createLink, type Link, readBatch } from "../link.ts";
import type { ToKeeper } from "../messages.ts";
import { createRemoteKeeper, type RemoteKeeper } from "../remote-keeper.ts";
import {
  type FromMember,
  inTerm,
  type LineState,
  mostInText,
  type NewerKeeper,
  splitTerm,
  type ToMember,
} from "./gateway-messages.ts";
import { Lease, type Moment, momentOf } from "./lease.ts";
import type { Clock, Connection, Listener } from "./ports.ts";
import type { ClusterTimes } from "./times.ts";

export type ClusterMemberParts = {
  readonly clock: Clock;
  readonly times: ClusterTimes;
  /** Whether the database has answered this gateway lately. */
  databaseAnswers(): boolean;
  /** The keeper's queue is open, paused or drained. */
  onLineState(state: LineState): void;
  /** The keeper says what this gateway does not understand. */
  onOdd(keeper: string, error: unknown): void;
  /** Its keeper knows that another gateway is the keeper now. */
  onNewer(keeper: NewerKeeper): void;
  /** It runs nothing any more, because it heard no keeper for the slot lease. */
  onSlotsLost(): void;
};

/** Who a session is with. */
export type KeeperAt = { readonly holder: string; readonly term: number };

type Session = KeeperAt & {
  readonly link: Link<FromMember>;
  connection: Connection | null;
  /** What was said before the caller had the connection. */
  readonly early: string[];
  isWelcome: boolean;
};

/** Claims in one text. */
const mostClaims = 100;

/** So many questions may be unanswered before the oldest are forgotten. */
const mostUnanswered = 64;

/**
 * The side of a gateway that has clients and uses slots. It asks the keeper, wherever that is, and
 * stops what it runs by its own clock before the keeper gives its slots away.
 */
export class ClusterMember {
  /** Asks the keeper for this gateway's generations. */
  readonly keeper: RemoteKeeper;
  readonly #parts: ClusterMemberParts;
  readonly #lease: Lease;
  readonly #beats = new Map<number, Moment>();
  #lastBeat = 0;
  #session: Session | null = null;
  /** Slots that came while no beat was answered lately. */
  #granted: (ToMember & ["slot", ...unknown[]])[] = [];
  /** There is a lease that may end. */
  #isLeased = false;
  /** Why the keeper refuses this gateway; null: it does not. */
  refusal: string | null = null;
  /** The latest term in which a keeper welcomed it. */
  welcomedIn = 0;

  constructor(parts: ClusterMemberParts) {
    const { clock, times } = parts;
    this.#parts = parts;
    this.#lease = new Lease(clock, times.slotLease);
    const link = { send: (message: ToKeeper) => this.#send(message) };
    this.keeper = createRemoteKeeper(link, { check: () => this.check(), now: () => clock.now() });
  }

  /** The keeper that has welcomed this gateway; null: none. */
  get attachedTo(): KeeperAt | null {
    return this.#session?.isWelcome === true ? this.#session : null;
  }

  /** The keeper that it is attached to, or about to be. */
  get near(): KeeperAt | null {
    return this.#session;
  }

  /**
   * What must be true in the moment in which a request is sent. The keeper has said so within so
   * short a time that it does not look for other proof yet.
   * @throws GatewayError `slot_lost`
   */
  check(): void {
    this.#judge();
    if (!this.#lease.isWithin(this.#parts.times.fresh)) throw slotLost();
  }

  /** Begins a session with this keeper. The caller connects, and gives the connection to `opened`. */
  begin(keeper: KeeperAt): { listener: Listener; opened(connection: Connection): void } {
    this.#judge();
    this.#endSession();
    const session: Session = {
      ...{
        holder: keeper.holder,
        term: keeper.term,
        connection: null,
        early: [],
        isWelcome: false,
      },
      link: createLink<FromMember>(
        { write: (batch) => session.connection?.send(inTerm(session.term, batch)) },
        mostInText,
      ),
    };
    this.#session = session;
    return {
      listener: {
        said: (text) => this.#said(session, text),
        closed: () => this.#endSession(session),
      },
      opened: (connection) => {
        session.connection = connection;
        for (const text of session.early.splice(0)) this.#said(session, text);
      },
    };
  }

  /** Call it often: asks the keeper, and ends what is over. */
  beat(): void {
    this.#judge();
    const session = this.#session;
    if (session?.isWelcome !== true) return;
    const number = ++this.#lastBeat;
    this.#beats.set(number, momentOf(this.#parts.clock));
    for (const old of this.#beats.keys())
      if (number - old > mostUnanswered) this.#beats.delete(old);
    session.link.send(["beat", number, this.#parts.databaseAnswers()]);
  }

  /** Tells the keeper that another one has been elected. */
  tellNewer(keeper: NewerKeeper): void {
    this.#session?.link.send(["newer", keeper]);
    this.#session?.link.flush();
  }

  /** Whether it may still run something. */
  get isLeased(): boolean {
    return this.#isLeased;
  }

  /** Its row is gone: no keeper counts what it runs any more. */
  rowGone(): void {
    if (this.#isLeased) this.#loseSlots();
    this.#endSession();
  }

  /** Its generations are over. */
  bye(): void {
    this.#session?.link.send(["bye"]);
    this.#session?.link.flush();
    this.#endSession();
  }

  /** In parts, since thousands may wait. */
  #claim({ link }: Session): void {
    const claims = this.keeper.claims();
    for (let from = 0; from <= claims.length; from += mostClaims) {
      const isLast = from + mostClaims > claims.length;
      link.send(["claims", claims.slice(from, from + mostClaims), isLast]);
      link.flush();
    }
  }

  #send(message: FromMember): void {
    // What is said while there is no session is in the claims of the next one.
    if (this.#session?.isWelcome === true) this.#session.link.send(message);
  }

  #endSession(session = this.#session): void {
    if (session === null || session !== this.#session) return;
    this.#session = null;
    this.#granted = [];
    this.#beats.clear();
    session.connection?.destroy();
  }

  /** Ends the lease if its time is over: before anything else happens in this moment. */
  #judge(): void {
    if (this.#isLeased && !this.#lease.holds) this.#loseSlots();
  }

  #loseSlots(): void {
    this.#isLeased = false;
    this.#lease.end();
    this.keeper.loseSlots(slotLost());
    this.#endSession();
    this.#parts.onSlotsLost();
  }

  #said(session: Session, text: string): void {
    if (session.connection === null) {
      session.early.push(text);
      return;
    }
    this.#judge();
    const split = splitTerm(text);
    if (split === null) this.#endSession(session);
    if (session !== this.#session || split?.term !== session.term) return;
    try {
      readBatch<ToMember>(split.batch, (message) => {
        if (session === this.#session) this.#hear(session, message);
      });
    } catch (error) {
      this.#parts.onOdd(session.holder, error);
      this.#endSession(session);
    }
  }

  #hear(session: Session, message: ToMember): void {
    switch (message[0]) {
      case "welcome":
        this.refusal = null;
        this.welcomedIn = session.term;
        session.isWelcome = true;
        this.#claim(session);
        this.beat();
        return;
      case "unwelcome":
        this.refusal = message[1];
        this.#endSession(session);
        return;
      case "not here":
        this.#endSession(session);
        if (message[1] !== null) this.#parts.onNewer(message[1]);
        return;
      case "beaten": {
        const from = this.#beats.get(message[1]);
        this.#beats.delete(message[1]);
        if (from === undefined) return;
        this.#lease.extend(from);
        this.#isLeased = true;
        this.#parts.onLineState(message[2]);
        if (this.#granted.length > 0) this.#useGranted();
        return;
      }
      case "slot":
        this.#granted.push(message);
        this.#useGranted();
        return;
      default:
        this.keeper.answered(message);
    }
  }

  /** A slot is used only shortly after an answered beat (`check`). Else the keeper is asked first. */
  #useGranted(): void {
    this.#judge();
    if (!this.#lease.isWithin(this.#parts.times.fresh)) this.beat();
    else for (const message of this.#granted.splice(0)) this.keeper.answered(message);
  }
}
