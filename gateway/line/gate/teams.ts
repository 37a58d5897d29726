/** Users who are bounded together, beside the bounds of each: the people behind one key. */
export type TeamRule = {
  readonly id: string;
  /** The most requests of all of them in slots at once. Null: no limit. */
  readonly maxConcurrent: number | null;
  /** The most waiting requests of all of them. Null: no limit. */
  readonly maxQueued: number | null;
};

/** The requests of a team that are here, and the cap in force: that of its latest request. */
export type Team = {
  readonly id: string;
  maxConcurrent: number | null;
  waiting: number;
  running: number;
};

/** The teams with requests in a line. One without requests is forgotten. */
export class Teams {
  readonly #byId = new Map<string, Team>();

  /** The team of a request; null without one. */
  for(rule: TeamRule | undefined): Team | null {
    if (rule === undefined) return null;
    const { id, maxConcurrent } = rule;
    let team = this.#byId.get(id);
    if (team === undefined) {
      team = { id, maxConcurrent, waiting: 0, running: 0 };
      this.#byId.set(id, team);
    }
    team.maxConcurrent = maxConcurrent;
    return team;
  }

  waitingOf(id: string): number {
    return this.#byId.get(id)?.waiting ?? 0;
  }

  joined(rule: TeamRule | undefined): void {
    const team = this.for(rule);
    if (team !== null) team.waiting++;
  }

  /** A waiting request has started, or has left. */
  unwaited(rule: TeamRule | undefined): void {
    const team = this.#of(rule);
    if (team === undefined) return;
    team.waiting--;
    this.#rest(team);
  }

  started(rule: TeamRule | undefined): void {
    const team = this.#of(rule);
    if (team !== undefined) team.running++;
  }

  ended(rule: TeamRule | undefined): void {
    const team = this.#of(rule);
    if (team === undefined) return;
    team.running--;
    this.#rest(team);
  }

  /** For a line that is run ahead: what runs, without the requests that wait. */
  copy(): Teams {
    const copy = new Teams();
    for (const [id, team] of this.#byId) copy.#byId.set(id, { ...team, waiting: 0 });
    return copy;
  }

  get size(): number {
    return this.#byId.size;
  }

  #of(rule: TeamRule | undefined): Team | undefined {
    return rule === undefined ? undefined : this.#byId.get(rule.id);
  }

  #rest({ id, waiting, running }: Team): void {
    if (waiting === 0 && running === 0) this.#byId.delete(id);
  }
}

/** Whether a team is at its cap. Then no request of it may start until one ends. */
export function isAtCap(team: Team | null): boolean {
  return team !== null && team.maxConcurrent !== null && team.running >= team.maxConcurrent;
}
