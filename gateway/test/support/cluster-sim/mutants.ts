/** One change of a source file, which must have the text. */
type SourceEdit = { readonly file: string; readonly from: string; readonly to: string };

/** A mistake that the rules of the simulation must notice. */
export type SourceMutant = { readonly name: string; readonly edits: readonly SourceEdit[] };

const at = (file: string, from: string, to: string): SourceEdit => ({ file, from, to });

const node = "cluster/gateways/cluster-node.ts";
const ownRow = "cluster/gateways/own-row.ts";
const silence = "cluster/gateways/silence.ts";
const desk = "cluster/gateways/keeper-desk.ts";
const grants = "cluster/gateways/grants.ts";

/** Each takes out what mends one fault of a careless version. */
export const mutants: readonly SourceMutant[] = [
  {
    name: "a keeper gives slots without its lease",
    edits: [at(desk, "!this.#isOver && this.#parts.hasLease()", "!this.#isOver")],
  },
  {
    name: "a keeper's lease counts from the answer",
    edits: [
      at(
        node,
        "const hadLease = this.#lease.holds;\n      this.#lease.extend(from)",
        "const hadLease = this.#lease.holds;\n      this.#lease.extend(momentOf(this.#parts.clock))",
      ),
    ],
  },
  {
    name: "a keeper stays although another is elected",
    edits: [
      at(node, "if (term !== desk.term) this.#stepDown();", "if (term === 0) this.#stepDown();"),
    ],
  },
  {
    name: "a new keeper holds nothing for silent gateways",
    edits: [
      at(
        desk,
        "for (const row of rows) if (!this.#guests.has(row.gateway)) this.#silence.expect(row);",
        ";",
      ),
    ],
  },
  {
    name: "a slot is told before the database says that it may be held",
    edits: [
      at(
        "cluster/gateways/holds-book.ts",
        "return (this.#uses.get(upstream)?.now ?? 0) <= (this.#written[upstream] ?? 0);",
        "return true;",
      ),
      at("cluster/gateways/suspects.ts", "const apartMs = 1_000;", "const apartMs = 0;"),
      at("cluster/keeper-service.ts", "this.#freed.add(one.id);", ""),
    ],
  },
  {
    name: "a restarted gateway has the name of the one before",
    edits: [
      at("test/support/cluster-sim/sim-machine.ts", "this.#starts += 1;", "this.#starts = 1;"),
    ],
  },
  {
    name: "no lease counts the time of sleep",
    edits: [at("cluster/gateways/lease.ts", " && this.#clock.boot() - from.boot < ms", "")],
  },
  {
    name: "the keeper gives slots away before the member stops",
    edits: [
      at(
        silence,
        "const longest = times.slotLease + times.margin;",
        "const longest = times.keeperLease + times.margin;",
      ),
    ],
  },
  {
    name: "a gateway without a row is given slots",
    edits: [
      at(ownRow, "await election.enter({ ...self, version: hello.version });", ""),
      at(ownRow, "if (this.isEntered && !isHere)", "if (false)"),
      at(
        desk,
        "return this.#known.has(hello.gateway) && !this.#leaving.has(hello.gateway);",
        "return hello !== null;",
      ),
      at(desk, "if (!this.#known.has(guest.gateway)) guest.disconnect();", ""),
      at(
        grants,
        "if (!(await this.#parts.write(wish)))",
        "if (await this.#parts.write(wish).then(() => false))",
      ),
    ],
  },
  {
    name: "what waited at another keeper joins in any order",
    edits: [
      at(
        "cluster/gateways/takeover.ts",
        "one[0] - other[0] || one[1] - other[1]",
        "other[1] - one[1]",
      ),
    ],
  },
  {
    name: "new requests join before those that were accepted",
    edits: [
      at(
        "cluster/keeper-service.ts",
        "const last: Order = [Number.MAX_SAFE_INTEGER, 0];",
        "const last: Order = [0, 0];",
      ),
    ],
  },
  {
    name: "a request that is closed keeps its slot if the word of its end was lost",
    edits: [
      at(
        "cluster/held-generation.ts",
        "if (this.#turn !== null || this.#isAdopting) this.free(null, {});\n    else if (this.#isWaiting) this.leave();",
        "",
      ),
    ],
  },
];
