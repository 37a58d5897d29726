/** What people may know of an upstream: its name, but no address, which only administrators see. */
export const shownUpstream = (name: string): string => (name.includes("://") ? "upstream" : name);
