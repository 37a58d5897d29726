/** Watches how much CPU time this thread spends between two turns of its event loop. */
export type LoopWatch = {
  /** The longest so far, in milliseconds of CPU. */
  longest(): number;
  [Symbol.dispose](): void;
};

/** What this thread has computed so far, in milliseconds of CPU: other programs do not count. */
export const threadCpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** The same for all threads of this process. */
export const processCpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Time in which other programs run does not count. */
export function watchLoop(): LoopWatch {
  let longest = 0;
  let before = threadCpuMs();
  let isOver = false;
  const look = (): void => {
    const now = threadCpuMs();
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
