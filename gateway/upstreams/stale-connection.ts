/** A kept connection had died before the answer's first byte; the request may be sent again. */
export class StaleConnection extends Error {}
