import { dynamoLedger } from "../../cloud/adapters/dynamo-ledger.ts";
import { HistItem, SrvItem } from "../../cloud/contract/items.ts";
import { type Ledger, queryAll } from "../../cloud/contract/ledger.ts";
import { addressText, confPartition, curPartition, histPartition, srvKey } from "../../cloud/contract/tables.ts";
import { localClient } from "../support/dynamo.ts";
import { type LedgerLab, SITE } from "../support/ledger-lab.ts";
import type { Happening, LedgerRow } from "./history.ts";

const ROLE_OF = { A: "primary", B: "secondary" } as const;

/** Everything that the ledger tells of the site, as a happening. */
export async function ledgerSnapshot(lab: LedgerLab): Promise<Happening> {
  const client = localClient(lab.desk.openEndpoint);
  try {
    const ledger = dynamoLedger(client, lab.desk.tableName);
    const addresses = (await queryAll(ledger, { partition: curPartition(SITE), consistent: true })).map((item) => String(item["sk"]));
    const rows: LedgerRow[] = [];
    for (const address of addresses) rows.push(...(await historyOf(ledger, address)));
    const cursor = async (server: "A" | "B") => SrvItem.parse(await ledger.get(srvKey(SITE, server))).ack;
    const conflicts = await queryAll(ledger, { partition: confPartition(SITE), consistent: true });
    return {
      kind: "ledger",
      rows,
      cursors: { primary: await cursor("A"), secondary: await cursor("B") },
      conflicts: conflicts.length,
    };
  } finally {
    client.destroy();
  }
}

async function historyOf(ledger: Ledger, address: string): Promise<LedgerRow[]> {
  const items = await queryAll(ledger, { partition: histPartition(SITE, address), consistent: true });
  return items.map((item) => {
    const row = HistItem.parse(item);
    return {
      address: addressText(row.a),
      status: row.st,
      client: row.cid,
      ts: row.ts,
      lastTs: row.lastTs ?? row.ts,
      expires: row.exp,
      server: ROLE_OF[row.srv],
      seq: row.seq,
      ord: row.ord,
      merged: row.n ?? 1,
      late: row.late === 1,
      conflict: row.cf === 1,
      claim: row.claim === 1,
    };
  });
}
