/** Watches how much CPU time this thread spends between two turns of its event loop. */
export type LoopWatch = {
  /** The longest so far, in milliseconds of CPU. */
  longest(): number;
  [Symbol.dispose](): void;
};

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Time in which other programs run does not count. */
export function watchLoop(): LoopWatch {
  let longest = 0;
  let before = cpuMs();
  let isOver = false;
  const look = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - before);
    before = now;
    if (!isOver) setImmediate(look);
  };
  setImmediate(look);
  return {
    longest: () => longest,
    [Symbol.dispose]() {
      isOver = true;
    },
  };
}
