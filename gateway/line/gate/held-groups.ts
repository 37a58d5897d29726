import type { GateMember } from "./gate-member.ts";
import type { Group, HeldGroup } from "./group.ts";

/** The groups with waiting requests, including those behind a user's cap. */
export class HeldGroups {
  readonly #byKey = new Map<string, HeldGroup>();
  /** How many groups the same rules of the members hold back: one for each team, and one for all. */
  readonly #byRule = new Map<string, number>();
  /** The groups that want a model on a member that holds one at a time. */
  readonly #byModel = new Map<string, Set<HeldGroup>>();

  of(key: string): HeldGroup | undefined {
    return this.#byKey.get(key);
  }

  /** Whether a request waits that these rules of the members hold back, of any team. */
  hasRule(rule: string): boolean {
    return this.#byRule.has(rule);
  }

  /** The groups that could use this model on this exclusive member. */
  wanting(member: GateMember, there: string): Iterable<HeldGroup> {
    return this.#byModel.get(modelKey(member, there)) ?? [];
  }

  /** Counts a new lane of this group. */
  keep(group: Group): void {
    if (group === null || group.lanes++ > 0) return;
    this.#byKey.set(group.key, group);
    this.#count(group, 1);
    for (const key of modelKeys(group)) {
      const wanting = this.#byModel.get(key);
      if (wanting === undefined) this.#byModel.set(key, new Set([group]));
      else wanting.add(group);
    }
  }

  /**
   * Counts a lane that has gone. Clients make up model names, so a group without lanes is
   * forgotten.
   */
  drop(group: Group): void {
    if (group === null || --group.lanes > 0) return;
    this.#byKey.delete(group.key);
    this.#count(group, -1);
    for (const key of modelKeys(group)) {
      const wanting = this.#byModel.get(key);
      wanting?.delete(group);
      if (wanting?.size === 0) this.#byModel.delete(key);
    }
  }

  #count({ rule }: HeldGroup, more: number): void {
    if (rule === null) return;
    const groups = (this.#byRule.get(rule) ?? 0) + more;
    if (groups === 0) this.#byRule.delete(rule);
    else this.#byRule.set(rule, groups);
  }
}

function modelKey({ name }: GateMember, there: string): string {
  return `${name}\u0000${there}`;
}

function modelKeys({ tiers }: HeldGroup): string[] {
  const exclusive = tiers.flat().filter(({ member }) => member.exclusive);
  return exclusive.map(({ member, there }) => modelKey(member, there));
}
