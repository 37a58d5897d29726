/** A wrong command line: one line that says what is right. The exit status is 2. */
export class UsageError extends Error {}
