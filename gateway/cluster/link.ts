/** One end of a link between two processes. Messages arrive whole and in their order. */
export type Link<Out> = {
  /** Sends with the next batch: once in a turn of the event loop. */
  send(message: Out): void;
  /** Sends what waits, now. */
  flush(): void;
};

/** What carries a link: IPC, or a connection. It keeps the order of the texts. */
export type Carrier = { write(text: string): void };

/**
 * Collects the messages of one turn of the event loop and writes them as one text: a busy process
 * writes once for many requests.
 */
export function createLink<Out>({ write }: Carrier): Link<Out> {
  let batch: Out[] = [];
  const flush = (): void => {
    if (batch.length === 0) return;
    const messages = batch;
    batch = [];
    write(JSON.stringify(messages));
  };
  return {
    send(message) {
      if (batch.push(message) === 1) setImmediate(flush);
    },
    flush,
  };
}

/** Hands out the messages of a text, in order. Only our own processes write such texts. */
export function readBatch<In>(text: string, take: (message: In) => void): void {
  for (const message of JSON.parse(text) as In[]) take(message);
}
