/** The step to version 4: what upkeep has to remember. */
export const upkeepTables: string = `
-- One line. rows_from: epoch ms of the UTC day from which every row is here; older rows were removed
-- by age, and only their sums are left.
CREATE TABLE kept (rows_from INTEGER NOT NULL) STRICT;
INSERT INTO kept VALUES (0);

-- What administrators changed, numbered as it came. before and after: JSON, null where there is none.
CREATE TABLE changes (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT,
  after TEXT
) STRICT;

-- What was so at the last start: name "settings", their values without secrets as JSON.
CREATE TABLE noted (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;
