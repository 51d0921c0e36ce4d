import { expect, test } from "vitest";
import { update } from "../../../cloud/contract/expression.ts";
import { SCHEMA_VERSION } from "../../../cloud/contract/items.ts";
import { ctlKey } from "../../../cloud/contract/tables.ts";
import { sweep } from "../../../cloud/handlers/sweep.ts";
import { createApi, start, watch } from "../../support/api.ts";
import { CONFIG, SITE } from "../../support/ledger-samples.ts";

test("a site whose item cannot be read keeps the sweep from no other, and is counted", async () => {
  const api = createApi();
  const unreadable = "AMIENS-1";
  for (const site of [unreadable, SITE]) {
    await api.call("registerSite", { path: { site }, body: CONFIG });
    for (const server of ["A", "B"] as const) await start(api.ledger, server, {}, site);
    const asked = await api.call("requestPartnerDown", { path: { site }, body: { survivor: "B", standing: true } });
    expect(asked.body).toMatchObject({ standing: true });
  }
  await watch(api.ledger, "B");
  expect((await api.ledger.write(update(ctlKey(unreadable), { set: { v: SCHEMA_VERSION + 1 } }))).kind).toBe("done");
  expect(await sweep(api.deps)).toMatchObject({ RequestsGranted: 1, SweepFailures: 1, Sites: 2, SitesNotNormal: 1 });
});
