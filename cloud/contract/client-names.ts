/** A client as people name it: `i:…`, `m:…`, or a MAC address (taken as Ethernet) with colons, dashes or dots, or bare; also a sealed name
 *  (sealed-names.ts). Gives the name that the ledger has; undefined if it is none of these. */
export function parseClient(text: string): string | undefined {
  const given = text.trim().toLowerCase();
  if (/^e:(?:[0-9a-f]{2})+$/.test(given)) return given;
  const [, htype, chaddr] = /^m:(\d{1,3}):([0-9a-f:.-]*)$/.exec(given) ?? [];
  if (htype !== undefined && chaddr !== undefined) return `m:${Number(htype)}:${bare(chaddr)}`;
  const [, identifier] = /^i:([0-9a-f:.-]+)$/.exec(given) ?? [];
  if (identifier !== undefined) return `i:${bare(identifier)}`;
  const mac = given.split(/[:-]/).length === 6 ? bare(given) : given.replaceAll(".", "");
  return /^[0-9a-f]{12}$/.test(mac) ? `m:1:${mac}` : undefined;
}
/** What {@link parseClient} understands, for people. */
export const CLIENT_FORMS = "a MAC address (02:00:00:00:00:01), i:<hex of option 61> or m:<htype>:<hex of chaddr>";

/** Hex digits alone; an octet between two marks may have lost its leading zero. */
const bare = (hex: string): string =>
  hex
    .split(/[:-]/)
    .map((octet, _, all) => (all.length > 1 ? octet.padStart(2, "0") : octet))
    .join("")
    .replaceAll(".", "");
