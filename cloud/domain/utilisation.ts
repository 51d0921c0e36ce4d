import type { Cur, SiteConfig } from "../contract/items.ts";
import { addressKey } from "../contract/tables.ts";

/** Use of one pool, in addresses. `unknown`: never given out. */
export interface PoolUse {
  readonly name: string;
  readonly size: number;
  readonly active: number;
  readonly abandoned: number;
  readonly free: number;
  readonly backup: number;
  readonly unknown: number;
  readonly usedPercent: number;
}

/** Use of each pool by the current rows. A lease that has run out at `now` counts as free, whether or not anyone said so. */
export function utilisation(pools: SiteConfig["pools"], rows: readonly Cur[], now: number): readonly PoolUse[] {
  return pools.map(({ name, from, to }) => {
    const first = addressKey(from) ?? "";
    const last = addressKey(to) ?? "";
    const size = Math.max(0, Number.parseInt(last, 16) - Number.parseInt(first, 16) + 1);
    const inside = rows.filter((row) => row.a >= first && row.a <= last);
    const count = (test: (row: Cur) => boolean) => inside.filter(test).length;
    const active = count((row) => row.st === "ACTIVE" && row.exp > now);
    const abandoned = count((row) => row.st === "ABANDONED");
    const backup = count((row) => row.st === "BACKUP");
    const free = inside.length - active - abandoned - backup;
    const usedPercent = size === 0 ? 0 : Math.round(((active + abandoned) * 1000) / size) / 10;
    return { name, size, active, abandoned, free, backup, unknown: size - inside.length, usedPercent };
  });
}
