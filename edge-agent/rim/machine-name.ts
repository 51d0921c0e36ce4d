import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * A name for this machine that a copy of its disk does not bear elsewhere: from its installation and, where that may be read, its
 * hardware (or virtual machine). Empty if neither is known.
 */
export function machineName(read: (path: string) => string = (path) => readFileSync(path, "utf8")): string {
  const parts = ["/etc/machine-id", "/sys/class/dmi/id/product_uuid"].map((path) => {
    try {
      return read(path).trim();
    } catch {
      return "";
    }
  });
  return parts.every((part) => part === "") ? "" : createHash("sha256").update(parts.join("/")).digest("hex").slice(0, 32);
}
