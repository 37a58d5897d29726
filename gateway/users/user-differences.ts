import { difference } from "../kinds/difference.ts";
import { type PersonShown, peopleIn } from "./people.ts";
import type { UserRow } from "./users-document.ts";

/** What an edit of the users file changed of one user, without keys. */
export type UserDifference = {
  readonly user: string;
  /** Only what differs; null: there was, or is, no such user. */
  readonly before: object | null;
  readonly after: object | null;
};

/** Each user that an edit changed, in the order of the file. */
export function userDifferences(
  before: readonly UserRow[],
  after: readonly UserRow[],
): UserDifference[] {
  const [was, is] = [byName(before), byName(after)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((user) => {
    const different = difference(was.get(user) ?? null, is.get(user) ?? null);
    return different === null ? [] : [{ user, ...different }];
  });
}

const byName = (rows: readonly UserRow[]): Map<string, PersonShown> =>
  new Map(peopleIn(rows).map((person) => [person.user, person]));
