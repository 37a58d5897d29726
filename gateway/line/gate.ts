import { Box } from "./box.ts";

export type GateRules = {
  /** How many generations of a model may run at once; null: as many as there are slots. */
  modelCapacity?: (model: string) => number | null;
  /** The box a model shares with others; null: none. */
  boxOf?: (model: string) => string | null;
  /** Every model shares one box, which holds one model at a time. */
  exclusiveModels?: boolean;
  /** How long a fairer request may be passed over by others that fit. Default 30 000. */
  maxUnfairnessMs?: number;
};

/** Requests that the same rules hold back: those of one model, or (null) those of all free models. */
export type Group = string | null;

/** Which models may start now. A model with a capacity and no box is alone in a box of its own. */
export class Gate {
  readonly #rules: GateRules;
  readonly #waits: (group: Group) => boolean;
  readonly #boxes = new Map<string, Box>();

  /** `waits`: whether anything of this group could go now but for the gate. */
  constructor(rules: GateRules, waits: (group: Group) => boolean) {
    this.#rules = rules;
    this.#waits = waits;
  }

  groupOf(model: string): Group {
    const { exclusiveModels, boxOf, modelCapacity } = this.#rules;
    if (exclusiveModels === true) return model;
    if (boxOf !== undefined && boxOf(model) !== null) return model;
    return modelCapacity !== undefined && modelCapacity(model) !== null ? model : null;
  }

  isOpen(group: Group, now: number): boolean {
    return group === null || this.#boxOf(group).mayStart(group, now);
  }

  started(group: Group): void {
    if (group !== null) this.#boxOf(group).started(group);
  }

  ended(group: Group): void {
    if (group !== null) this.#boxOf(group).ended(group);
  }

  /** `group` was first in fairness, and `chosen` starts instead. */
  passedOver(group: Group, chosen: Group, now: number): void {
    if (group === null || chosen === null) return;
    const box = this.#boxOf(group);
    if (box === this.#boxOf(chosen)) box.passedOver(group, now);
  }

  /** Nobody of this group waits any more. */
  forget(group: Group): void {
    if (group !== null) this.#boxOf(group).forget(group);
  }

  copy(waits: (group: Group) => boolean): Gate {
    const copy = new Gate(this.#rules, waits);
    for (const [name, box] of this.#boxes) copy.#boxes.set(name, box.copy(copy.#boxRules()));
    return copy;
  }

  #boxOf(model: string): Box {
    const { exclusiveModels, boxOf } = this.#rules;
    const shared = exclusiveModels === true ? "" : (boxOf?.(model) ?? null);
    // A model's own box and a shared one of the same name are not the same box.
    const name = shared === null ? `model ${model}` : `box ${shared}`;
    let box = this.#boxes.get(name);
    if (box === undefined) {
      box = new Box(this.#boxRules());
      this.#boxes.set(name, box);
    }
    return box;
  }

  #boxRules() {
    const { modelCapacity, exclusiveModels = false, maxUnfairnessMs = 30_000 } = this.#rules;
    return {
      capacityOf: modelCapacity ?? (() => null),
      exclusive: exclusiveModels,
      maxUnfairnessMs,
      waits: this.#waits,
    };
  }
}
