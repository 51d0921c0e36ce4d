import { compareWithDhcpd } from "./cases/compare-with-dhcpd.ts";
import { ALL_GROUPS } from "./cases/table.ts";

compareWithDhcpd("differential", ALL_GROUPS);
