import type { GateMember } from "./gate-member.ts";
import type { Group, HeldGroup } from "./group.ts";

/** The groups of which something waits, also behind a user's cap. */
export class HeldGroups {
  readonly #byKey = new Map<string, HeldGroup>();
  /** Those that want a model on a member that holds one at a time. */
  readonly #byModel = new Map<string, Set<HeldGroup>>();

  of(key: string): HeldGroup | undefined {
    return this.#byKey.get(key);
  }

  /** Those that could use this model on this exclusive member. */
  wanting(member: GateMember, there: string): Iterable<HeldGroup> {
    return this.#byModel.get(modelKey(member, there)) ?? [];
  }

  /** A lane of this group has come. */
  keep(group: Group): void {
    if (group === null || group.lanes++ > 0) return;
    this.#byKey.set(group.key, group);
    for (const key of modelKeys(group)) {
      const wanting = this.#byModel.get(key);
      if (wanting === undefined) this.#byModel.set(key, new Set([group]));
      else wanting.add(group);
    }
  }

  /** A lane of it has gone. Clients make up model names: nothing stays of a group without lanes. */
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
