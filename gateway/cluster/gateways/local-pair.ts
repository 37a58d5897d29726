import type { Connection, Hello, Listener } from "./ports.ts";

/**
 * Two ends of a connection inside one process: a keeper's own gateway asks as all others do. Texts
 * arrive in a later turn.
 */
export function connectLocally(
  own: Hello,
  accepted: (connection: Connection) => Listener,
  listener: Listener,
): Connection {
  let isOpen = true;
  const later = (act: () => void): void =>
    queueMicrotask(() => {
      if (isOpen) act();
    });
  const destroy = (): void => {
    if (!isOpen) return;
    isOpen = false;
    queueMicrotask(() => {
      listener.closed();
      far.closed();
    });
  };
  const far = accepted({
    hello: own,
    send: (text) => later(() => listener.said(text)),
    destroy,
  });
  return { hello: own, send: (text) => later(() => far.said(text)), destroy };
}
