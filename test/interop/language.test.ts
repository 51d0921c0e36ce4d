import { expect } from "vitest";
import { BOOTP_AFTER_DHCP_GROUPS } from "./cases/bootp-after-dhcp.ts";
import { compareWithDhcpd } from "./cases/compare-with-dhcpd.ts";
import { DOMAIN_LIST_GROUPS } from "./cases/domain-lists.ts";
import { BOOT_GROUPS } from "./cases/language-boot.ts";
import { DECIDED_GROUPS } from "./cases/language-decided.ts";
import { EXPRESSION_GROUPS } from "./cases/language-expressions.ts";
import { LEASE_GROUPS } from "./cases/language-leases.ts";

const groups = [
  ...EXPRESSION_GROUPS,
  ...BOOT_GROUPS,
  ...LEASE_GROUPS,
  ...DECIDED_GROUPS,
  ...DOMAIN_LIST_GROUPS,
  ...BOOTP_AFTER_DHCP_GROUPS,
];

compareWithDhcpd("language", groups);

expect(
  groups.reduce((sum, group) => sum + group.cases.length, 0),
  "cases",
).toBeGreaterThan(120);
