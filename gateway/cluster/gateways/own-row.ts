import type { ClusterMember } from "./cluster-member.ts";
import type { Election, Hello } from "./ports.ts";

export type OwnRowParts = {
  readonly election: Pick<Election, "enter" | "forget">;
  readonly hello: Hello;
  readonly member: ClusterMember;
};

/** The row of this gateway among those of the cluster: while it is there, others reckon with it. */
export class OwnRow {
  readonly #parts: OwnRowParts;
  isEntered = false;

  constructor(parts: OwnRowParts) {
    this.#parts = parts;
  }

  /**
   * Writes it if it should be there, and removes it if the keeper refuses this gateway, which then is
   * none that others wait for.
   * @param isHere - whether the database has it
   * @param mayTry - whether a gateway that was refused may ask again
   */
  async keep(
    self: { gateway: string; address: string },
    isHere: boolean,
    mayTry: boolean,
  ): Promise<void> {
    const { election, hello, member } = this.#parts;
    if (this.isEntered && !isHere) {
      this.isEntered = false;
      member.rowGone();
    }
    if (this.isEntered && !mayTry && !member.isLeased) {
      await election.forget([hello.gateway]);
      this.isEntered = false;
    }
    if (this.isEntered || !mayTry) return;
    await election.enter({ ...self, version: hello.version });
    this.isEntered = true;
  }
}
