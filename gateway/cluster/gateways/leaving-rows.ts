import type { Election } from "./ports.ts";

/** The rows of gateways that are gone: the keeper removes them, and tries again if it cannot. */
export class LeavingRows {
  readonly #election: Pick<Election, "forget">;
  readonly #underway = new Set<string>();
  /** The database was away. */
  readonly #failed = new Set<string>();

  constructor(election: Pick<Election, "forget">) {
    this.#election = election;
  }

  /** Until its row is gone a gateway may not come back: what is written for it then would be lost. */
  has(gateway: string): boolean {
    return this.#underway.has(gateway);
  }

  remove(gateway: string): void {
    this.#underway.add(gateway);
    this.#election
      .forget([gateway])
      .catch(() => this.#failed.add(gateway))
      .finally(() => this.#underway.delete(gateway));
  }

  /** Those that could not be removed, once. */
  takeFailed(): string[] {
    const failed = [...this.#failed];
    this.#failed.clear();
    return failed;
  }

  /** The gateway has come back. */
  keep(gateway: string): void {
    this.#failed.delete(gateway);
  }
}
