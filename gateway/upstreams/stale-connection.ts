/**
 * A kept connection had died before the first byte of the answer. The request may be sent again.
 */
export class StaleConnection extends Error {}
