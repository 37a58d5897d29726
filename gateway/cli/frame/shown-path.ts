import { isAbsolute, relative } from "node:path";

/** A path as a person finds it: relative inside the working directory, which may be a container's. */
export function shownPath(file: string, cwd: string): string {
  const path = relative(cwd, file);
  return path === "" || path.startsWith("..") || isAbsolute(path) ? file : path;
}
