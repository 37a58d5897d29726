import type { SimCluster } from "./sim-cluster.ts";
import type { DatabaseState } from "./sim-database.ts";
import type { SimMachine } from "./sim-machine.ts";
import type { SimRandom } from "./sim-random.ts";

type Fault = (cluster: SimCluster, random: SimRandom) => void;

/** Half of all faults meet the keeper. */
const victim = (cluster: SimCluster, random: SimRandom): SimMachine =>
  random.chance(0.5) ? cluster.keeper : random.pick(cluster.machines);

const startAgain = (cluster: SimCluster, machine: SimMachine, ms: number): void =>
  void cluster.scheduler.after(ms, () => {
    if (machine.process === null) cluster.start(machine);
  });

const kill: Fault = (cluster, random) => {
  const machine = victim(cluster, random);
  machine.kill();
  if (random.chance(0.8)) startAgain(cluster, machine, random.exponential(2_000));
};

const losePower: Fault = (cluster, random) => {
  const machine = victim(cluster, random);
  cluster.cutPower(machine);
  if (random.chance(0.7)) startAgain(cluster, machine, random.between(2_000, 25_000));
};

const pause: Fault = (cluster, random) => {
  const ms = random.chance(0.4) ? random.between(50, 2_900) : random.between(2_000, 22_000);
  cluster.stopFor(victim(cluster, random), ms, random.chance(0.6) ? "pause" : "suspend");
};

const stopGracefully: Fault = (cluster, random) => {
  const machine = victim(cluster, random);
  void cluster.stop(machine);
  const again = (): void => {
    if (machine.process === null && machine.state === "on") cluster.start(machine);
    else cluster.scheduler.after(500, again);
  };
  if (random.chance(0.8)) cluster.scheduler.after(random.exponential(1_000), again);
};

const rollOver: Fault = (cluster, random) => {
  cluster.machines.forEach((machine, nth) => {
    cluster.scheduler.after(nth * random.between(1_000, 6_000), () => {
      void cluster.stop(machine);
      const again = (): void => {
        if (machine.process === null && machine.state === "on") cluster.start(machine);
        else cluster.scheduler.after(500, again);
      };
      again();
    });
  });
};

const cut: Fault = (cluster, random) => {
  const one = victim(cluster, random);
  const others = cluster.machines.filter((machine) => machine !== one);
  const met = random.chance(0.4) ? others : [random.pick(others)];
  const ways = random.pick(["both", "both", "out", "in"]);
  for (const other of met) {
    if (ways !== "in") cutWay(cluster, random, one, other);
    if (ways !== "out") cutWay(cluster, random, other, one);
  }
  if (random.chance(0.3)) cutOff(cluster, random, one);
};

function cutWay(cluster: SimCluster, random: SimRandom, from: SimMachine, to: SimMachine): void {
  const { links, scheduler, history } = cluster;
  history.note(`${from.name} cannot reach ${to.name}`);
  links.cut(from.name, to.name);
  if (random.chance(0.2)) links.reset(from.name, to.name);
  scheduler.after(
    random.chance(0.3) ? random.between(100, 3_000) : random.between(2_000, 20_000),
    () => {
      history.note(`${from.name} reaches ${to.name} again`);
      links.heal(from.name, to.name);
      if (random.chance(0.2)) links.reset(from.name, to.name);
    },
  );
}

const reset: Fault = (cluster, random) => {
  const one = victim(cluster, random);
  for (const other of cluster.machines) {
    if (other !== one) cluster.links.reset(one.name, other.name);
  }
};

const slowDown: Fault = (cluster, random) => {
  const one = victim(cluster, random);
  for (const other of cluster.machines) {
    if (other === one || random.chance(0.3)) continue;
    const usualMs = random.between(50, 1_500);
    cluster.history.note(`the way from ${one.name} to ${other.name} takes up to ${usualMs} ms`);
    cluster.links.slow(one.name, other.name, usualMs);
    cluster.scheduler.after(random.between(2_000, 20_000), () => {
      cluster.links.slow(one.name, other.name, 3);
    });
  }
};

const states: readonly DatabaseState[] = ["refuses", "silent", "hangs"];

function cutOff(
  { database, history, scheduler }: SimCluster,
  random: SimRandom,
  one: SimMachine,
): void {
  const state = random.pick(states);
  history.note(`the database ${state} for ${one.name}`);
  database.set(state, one.name);
  scheduler.after(random.between(500, 18_000), () => {
    history.note(`the database is here for ${one.name}`);
    database.set("here", one.name);
  });
}

/** Only one has the database, so another keeper may be elected while all others hear the old one. */
const cutOffMost: Fault = (cluster, random) => {
  const kept = random.pick(cluster.machines);
  for (const machine of cluster.machines) if (machine !== kept) cutOff(cluster, random, machine);
};

const cutOffOne: Fault = (cluster, random) => cutOff(cluster, random, victim(cluster, random));

const loseDatabase: Fault = (cluster, random) => {
  const { database, scheduler, history } = cluster;
  const state = random.pick(states);
  history.note(`the database ${state}`);
  database.set(state);
  scheduler.after(random.between(300, 20_000), () => {
    history.note("the database is here");
    database.set("here");
  });
};

const slowDatabase: Fault = ({ database, scheduler }, random) => {
  database.usualMs = random.between(100, 1_500);
  scheduler.after(random.between(1_000, 10_000), () => {
    database.usualMs = 3;
  });
};

const startTwice: Fault = (cluster, random) => {
  const machines = cluster.machines.filter(() => random.chance(0.6));
  for (const machine of machines) machine.kill();
  for (const machine of machines) startAgain(cluster, machine, random.between(0, 50));
};

const restart: Fault = (cluster, random) => {
  const machine = victim(cluster, random);
  machine.kill();
  startAgain(cluster, machine, random.between(0, 300));
};

const faults: readonly Fault[] = [
  ...[kill, losePower, pause, pause, stopGracefully, rollOver, cut, cut, cut, reset, slowDown],
  ...[cutOffOne, cutOffMost, loseDatabase, slowDatabase, startTwice, restart],
];

/** Between one and six faults within this time, at once or one after the other. */
export function planFaults(cluster: SimCluster, random: SimRandom, from: number, to: number): void {
  const count = random.whole(1, 6);
  let at = random.between(from, to);
  for (let nth = 0; nth < count; nth += 1) {
    const fault = random.pick(faults);
    const own = random.fork(`fault ${nth}`);
    cluster.scheduler.at(Math.min(at, to + 2_000), () => fault(cluster, own));
    // Many faults break only together.
    at = random.chance(0.6) ? at + random.exponential(1_500) : random.between(from, to);
  }
}

/** Everything works again; what is dead starts, or stays away. */
export function healAll(cluster: SimCluster, random: SimRandom): void {
  const { links, machines, database, history } = cluster;
  history.note("all faults are over");
  database.set("here");
  database.usualMs = 3;
  for (const machine of machines) {
    database.set("here", machine.name);
    cluster.resume(machine);
    for (const other of machines) {
      links.slow(machine.name, other.name, 3);
      if (links.isCut(machine.name, other.name)) links.heal(machine.name, other.name);
    }
  }
  for (const machine of machines) {
    if (machine.process === null && random.chance(0.6)) cluster.start(machine);
  }
  const [first] = machines;
  if (first !== undefined && cluster.gateways.length === 0) cluster.start(first);
}
