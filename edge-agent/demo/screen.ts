import { hexPairs } from "../values/hardware-address.ts";
import { formatIpv4, UNSPECIFIED } from "../values/ipv4.ts";
import type { SimulatedClient } from "./client.ts";

export interface DemoFigures {
  readonly seconds: number;
  readonly exchanges: number;
  readonly renewals: number;
  readonly releases: number;
  readonly declines: number;
  /** Latest response times in milliseconds. */
  readonly millis: readonly number[];
}

/** Wraps text in a colour, or does not. */
export type Paint = (colour: "bold" | "dim" | "green" | "yellow" | "cyan" | "red", text: string) => string;

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Colours for a terminal that shows them; plain text otherwise. */
export const painter =
  (colours: boolean): Paint =>
  (colour, text) =>
    colours ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;

/** The whole table as lines of at most `width` characters (colour codes not counted). */
export function drawTable(
  clients: readonly SimulatedClient[],
  notes: ReadonlyMap<SimulatedClient, string>,
  figures: DemoFigures,
  now: number,
  paint: Paint,
  width: number,
): string[] {
  const rows = clients.map((client) => row(client, notes.get(client) ?? "", now, paint, width));
  return [
    paint("bold", clip("Tandem DHCP: a demonstration on the loopback interface", width)),
    paint("dim", clip(summary(figures), width)),
    "",
    paint(
      "bold",
      clip(
        `${"client".padEnd(12)} ${"hardware".padEnd(17)}  ${"state".padEnd(10)} ${"address".padEnd(13)} ${"lease".padEnd(16)} latest`,
        width,
      ),
    ),
    ...rows,
    "",
    paint("dim", clip("Ctrl-C ends it.  npm start -- --help says how to go on to a real interface.", width)),
  ];
}

function summary({ seconds, exchanges, renewals, releases, declines, millis }: DemoFigures): string {
  const sorted = [...millis].sort((left, right) => left - right);
  const median = sorted[Math.floor(sorted.length / 2)];
  const speed = median === undefined ? "" : `   median answer ${median.toFixed(1)} ms, on disk before it was sent`;
  return `${seconds} s   ${exchanges} leases   ${renewals} renewals   ${releases} releases   ${declines} declines${speed}`;
}

function row(client: SimulatedClient, note: string, now: number, paint: Paint, width: number): string {
  const { name, hardware } = client.profile;
  const address = client.address === UNSPECIFIED ? "" : formatIpv4(client.address);
  const left = Math.max(0, Math.ceil((client.leaseEnds - now) / 1000));
  const plain = [
    name.padEnd(12),
    `${hexPairs(hardware)} `,
    client.state.padEnd(10),
    address.padEnd(13),
    (client.address === UNSPECIFIED ? "" : `${bar(left)} ${String(left).padStart(3)} s`).padEnd(16),
    note,
  ];
  if (plain.join(" ").length > width) plain[5] = clip(note, Math.max(0, width - plain.slice(0, 5).join(" ").length - 1));
  const colour = client.state === "BOUND" ? "green" : client.state === "OFF" ? "dim" : "yellow";
  return [plain[0], paint("dim", plain[1] ?? ""), paint(colour, plain[2] ?? ""), paint("cyan", plain[3] ?? ""), plain[4], plain[5]].join(
    " ",
  );
}

/** Ten cells, one for each four seconds left. */
const bar = (seconds: number): string => "█".repeat(Math.min(10, Math.ceil(seconds / 4))).padEnd(10, "·");
const clip = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`);

/** Redraws a block of lines in place: one write a frame, so that nothing flickers. */
export class LiveBlock {
  readonly #write: (text: string) => void;
  #height = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
    write("\x1b[?25l");
  }

  draw(lines: readonly string[]): void {
    const up = this.#height > 0 ? `\x1b[${this.#height}A\r` : "";
    const text = lines.map((line) => `${line}\x1b[K\n`).join("");
    this.#write(`\x1b[?2026h${up}${text}\x1b[J\x1b[?2026l`);
    this.#height = lines.length;
  }

  /** Leaves the last frame and gives the cursor back. */
  end(): void {
    this.#write("\x1b[?25h");
  }
}
