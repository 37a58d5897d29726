import type { LineRequest } from "../order/line-entry.ts";
import { Box } from "./box.ts";
import { GateMember } from "./gate-member.ts";
import type { GateMembers, MemberSeat, Tiers } from "./group.ts";

type ModelRules = {
  capacityOf: (model: string) => number | null;
  boxOf: (model: string) => string | null;
  exclusive: boolean;
};

/** The prefix of the name of a box for one model alone. */
const ownBox = "model ";

/**
 * The members of a line of one upstream: one for each box of models. The line counts the slots.
 * Models without rules are in no box.
 */
export class ModelMembers implements GateMembers {
  readonly #rules: ModelRules;
  readonly #byBox = new Map<string, GateMember>();

  constructor(rules: ModelRules) {
    this.#rules = rules;
  }

  keyOf(request: LineRequest): string | null {
    const { model } = request;
    if (this.#boxName(model) === null) return null;
    return this.#rules.exclusive ? `${model}\u0000${nameThere(request)}` : model;
  }

  tiersOf(request: LineRequest): Tiers {
    const seat = this.seatAt(request);
    return seat === null ? [] : [[seat]];
  }

  at({ model }: LineRequest): GateMember | null {
    const boxName = this.#boxName(model);
    if (boxName === null) return null;
    let member = this.#byBox.get(boxName);
    if (member === undefined) {
      const { capacityOf, exclusive } = this.#rules;
      const capacity = Number.POSITIVE_INFINITY;
      const rules = { capacityOf, exclusive, capacity, weight: 1, name: "" };
      member = new GateMember({ ...rules, box: new Box() });
      this.#byBox.set(boxName, member);
    }
    return member;
  }

  seatAt(request: LineRequest): MemberSeat | null {
    const member = this.at(request);
    return member === null ? null : { member, there: nameThere(request) };
  }

  setCapacity(): void {
    throw new Error("The slots of a single upstream are the line's.");
  }

  /** Clients make up model names, and a glob may give them a capacity. None may stay for ever. */
  forget(model: string): void {
    const boxName = this.#boxName(model);
    if (boxName === null || !boxName.startsWith(ownBox)) return;
    if (this.#byBox.get(boxName)?.isIdle) this.#byBox.delete(boxName);
  }

  copy(): ModelMembers {
    const copy = new ModelMembers(this.#rules);
    for (const [name, member] of this.#byBox) {
      copy.#byBox.set(name, member.copy(member.box.copy()));
    }
    return copy;
  }

  /** The prefix keeps a model's own box apart from a shared box of the same name. */
  #boxName(model: string): string | null {
    const { exclusive, boxOf, capacityOf } = this.#rules;
    if (exclusive) return "box ";
    const shared = boxOf(model);
    if (shared !== null) return `box ${shared}`;
    return capacityOf(model) === null ? null : ownBox + model;
  }
}

/** The name of the model at the only upstream. */
function nameThere({ model, seats }: LineRequest): string {
  return seats?.list[0]?.model ?? model;
}
