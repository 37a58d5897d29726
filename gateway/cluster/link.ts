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
 * @param most - messages in one text
 */
export function createLink<Out>(
  { write }: Carrier,
  most: number = Number.POSITIVE_INFINITY,
): Link<Out> {
  let batch: Out[] = [];
  const flush = (): void => {
    if (batch.length === 0) return;
    const messages = batch;
    batch = [];
    if (messages.length <= most) write(JSON.stringify(messages));
    else {
      for (let from = 0; from < messages.length; from += most) {
        write(JSON.stringify(messages.slice(from, from + most)));
      }
    }
  };
  return {
    send(message) {
      if (batch.push(message) === 1) setImmediate(flush);
    },
    flush,
  };
}

/**
 * Hands out the messages of a text, in order. Only our own processes write such texts.
 * @throws Error if it is no list
 */
export function readBatch<In>(text: string, take: (message: In) => void): void {
  const messages: unknown = JSON.parse(text);
  if (!Array.isArray(messages)) throw new Error("a batch must be a list");
  for (const message of messages as In[]) take(message);
}
