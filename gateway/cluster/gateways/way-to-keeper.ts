import type { ClusterMember, KeeperAt } from "./cluster-member.ts";
import type { NewerKeeper } from "./gateway-messages.ts";
import type { KeeperDesk } from "./keeper-desk.ts";
import { connectLocally } from "./local-pair.ts";
import type { Clock, Hello, Network } from "./ports.ts";

export type WayToKeeperParts = {
  readonly clock: Clock;
  readonly network: Network;
  readonly hello: Hello;
  readonly member: ClusterMember;
};

/** A gateway that the keeper refused asks again after so long. Milliseconds. */
const afterRefusalMs = 5_000;

/** Brings the member of a gateway to whichever gateway keeps the line. */
export class WayToKeeper {
  readonly #parts: WayToKeeperParts;
  #isConnecting = false;
  #triedAt = Number.NEGATIVE_INFINITY;
  /** Why the keeper cannot be reached; null: it can. */
  trouble: string | null = null;

  constructor(parts: WayToKeeperParts) {
    this.#parts = parts;
  }

  /** The keeper's own gateway is a member as all others. */
  toOwn(desk: KeeperDesk): void {
    const { hello, member } = this.#parts;
    const at: KeeperAt = { holder: hello.gateway, term: desk.term };
    if (this.#isNear(at)) return;
    this.trouble = null;
    const { listener, opened } = member.begin(at);
    opened(connectLocally(hello, (connection) => desk.accept(connection), listener));
  }

  /** Begins to connect, if that is to be done. */
  to({ holder, address, term }: NewerKeeper): void {
    const { clock, hello } = this.#parts;
    if (holder === hello.gateway || this.#isConnecting || this.#isNear({ holder, term })) return;
    if (!this.mayTry) return;
    this.#triedAt = clock.now();
    this.#isConnecting = true;
    void this.#connect({ holder, term }, address).finally(() => {
      this.#isConnecting = false;
    });
  }

  /** A gateway that was refused asks again only after a time. */
  get mayTry(): boolean {
    const { clock, member } = this.#parts;
    return member.refusal === null || clock.now() - this.#triedAt >= afterRefusalMs;
  }

  #isNear({ holder, term }: KeeperAt): boolean {
    const { near } = this.#parts.member;
    return near !== null && near.holder === holder && near.term === term;
  }

  async #connect(at: KeeperAt, address: string): Promise<void> {
    const { network, hello, member } = this.#parts;
    const { listener, opened } = member.begin(at);
    try {
      const connection = await network.connect(address, hello, listener);
      if (this.#isNear(at)) opened(connection);
      else connection.destroy();
      this.trouble = null;
    } catch (error) {
      listener.closed();
      const reason = error instanceof Error ? error.message : String(error);
      this.trouble = `the keeper cannot be reached: ${reason}`;
    }
  }
}
