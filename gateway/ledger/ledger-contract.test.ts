import { ledgerContract } from "../test/support/ledger-contract.ts";
import { connect, temporaryFile } from "../test/support/test-ledger.ts";
import { postgresOfFile, withPostgres } from "../test/support/test-postgres.ts";
import { openLedger } from "./ledger.ts";
import { createClient } from "./postgres/connect.ts";
import { openPostgresLedger } from "./postgres/open-postgres-ledger.ts";
import { verifyPostgres } from "./postgres/verify-postgres.ts";
import { verify } from "./verify.ts";

ledgerContract("a ledger in SQLite", async () => {
  const file = temporaryFile();
  return {
    open: async () => openLedger({ file }),
    verify: async () => verify(connect(file)),
  };
});

withPostgres("with PostgreSQL", () => {
  const postgres = postgresOfFile();

  ledgerContract("a ledger in PostgreSQL", async () => {
    const [url, spoolFile] = [await postgres.database(), temporaryFile()];
    return {
      open: () => openPostgresLedger({ url, spoolFile, gapMs: 5 }),
      async verify() {
        const client = createClient(url);
        await client.connect();
        try {
          return await verifyPostgres(client);
        } finally {
          await client.end();
        }
      },
    };
  });
});
