import type { GateMember } from "./gate-member.ts";
import type { Group, HeldGroup } from "./group.ts";

/** The groups with waiting requests, including those behind a user's cap. */
export class HeldGroups {
  readonly #byKey = new Map<string, HeldGroup>();
  /** The groups that want a model on a member that holds one at a time. */
  readonly #byModel = new Map<string, Set<HeldGroup>>();

  of(key: string): HeldGroup | undefined {
    return this.#byKey.get(key);
  }

  /** The groups that could use this model on this exclusive member. */
  wanting(member: GateMember, there: string): Iterable<HeldGroup> {
    return this.#byModel.get(modelKey(member, there)) ?? [];
  }

  /** Counts a new lane of this group. */
  keep(group: Group): void {
    if (group === null || group.lanes++ > 0) return;
    this.#byKey.set(group.key, group);
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
    for (const key of modelKeys(group)) {
      const wanting = this.#byModel.get(key);
      wanting?.delete(group);
      if (wanting?.size === 0) this.#byModel.delete(key);
    }
  }
}

function modelKey({ name }: GateMember, there: string): string {
  return `${name}\u0000${there}`;
}

function modelKeys({ tiers }: HeldGroup): string[] {
  const exclusive = tiers.flat().filter(({ member }) => member.exclusive);
  return exclusive.map(({ member, there }) => modelKey(member, there));
}
