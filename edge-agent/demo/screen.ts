import type { StatusReport } from "../control/protocol.ts";
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

/** What is shown of one server. */
export interface ServerView {
  readonly name: string;
  readonly pid: number | undefined;
  /** Undefined while it does not answer. */
  readonly status: StatusReport | undefined;
}

/** The clients' table and figures, as lines of at most `width` characters (colour codes not counted). */
export function drawClients(
  clients: readonly SimulatedClient[],
  notes: ReadonlyMap<SimulatedClient, string>,
  figures: DemoFigures,
  now: number,
  paint: Paint,
  width: number,
): string[] {
  const header = `${"client".padEnd(12)} ${"hardware".padEnd(17)}  ${"state".padEnd(10)} ${"address".padEnd(13)} ${"lease".padEnd(16)} latest`;
  return [
    paint("dim", clip(summary(figures), width)),
    "",
    paint("bold", clip(header, width)),
    ...clients.map((client) => row(client, notes.get(client) ?? "", now, paint, width)),
  ];
}

const COLUMNS = [6, 12, 36, 26, 10, 27, 12] as const;
const inColumns = (cells: readonly string[]): string => cells.map((cell, index) => cell.padEnd(COLUMNS[index] ?? 0)).join(" ");

/** Both servers' table: failover, link, ledger, lag, right to serve; a line below for whatever is being waited for or noted. */
export function drawServers(servers: readonly ServerView[], paint: Paint, width: number): string[] {
  const header = ["server", "process", "failover", "the partner is", "link", "ledger", "backlog, lag", "serves"];
  return [
    paint("bold", clip(inColumns(header), width)),
    ...servers.flatMap((view) => {
      const { status } = view;
      if (status === undefined) {
        const what = view.pid === undefined ? "does not run" : "does not answer";
        return [paint("red", clip(inColumns([view.name, view.pid === undefined ? "" : `pid ${view.pid}`, what]), width))];
      }
      const isWell = status.relationships[0]?.state === "NORMAL" && status.ledger.configured && status.ledger.service === "full";
      const line = clip(inColumns(serverCells(view, status)), width);
      return [
        isWell ? paint("green", line) : paint("yellow", line),
        ...remarks(status).map((text) => paint("dim", clip(`       ${text}`, width))),
      ];
    }),
  ];
}

function serverCells({ name, pid }: ServerView, { relationships, ledger, now }: StatusReport): readonly string[] {
  const [relationship] = relationships;
  const failover = relationship === undefined ? "" : `${relationship.state} for ${seconds(now - relationship.since)}`;
  if (!ledger.configured) return [name, `pid ${pid}`, failover];
  return [
    name,
    `pid ${pid}`,
    failover,
    relationship?.partnerState ?? "",
    relationship?.link ?? "",
    `${ledger.mode} epoch ${ledger.epoch}${ledger.reachable ? "" : ", out of reach"}`,
    `${ledger.backlog}, ${ledger.lagSeconds} s`,
    `${SERVICE[ledger.service]}${ledger.serviceSeconds === undefined ? "" : `, ${ledger.serviceSeconds} s`}`,
  ];
}

function remarks({ relationships, ledger, now }: StatusReport): readonly string[] {
  const waits = (relationships[0]?.waits ?? []).map(({ reason, until }) => `waits: ${reason}, ${seconds(until - now)}`);
  return [...waits.filter((text) => !text.includes("balance")), ...(ledger.configured && ledger.note !== undefined ? [ledger.note] : [])];
}

/** One server in one line of plain text, without what changes with every second. */
export function serverLine({ name, pid, status }: ServerView): string {
  if (status === undefined) return `server ${name}: ${pid === undefined ? "does not run" : "does not answer"}`;
  const [relationship] = status.relationships;
  const { ledger } = status;
  const link = `failover ${relationship?.state}, the partner ${relationship?.partnerState}, link ${relationship?.link}`;
  if (!ledger.configured) return `server ${name}: ${link}`;
  const reach = ledger.reachable ? "in reach" : "out of reach";
  return `server ${name}: ${link}; ledger ${ledger.mode} epoch ${ledger.epoch}, ${reach}; serves ${SERVICE[ledger.service]}`;
}
const SERVICE = { full: "all clients", "run-down": "known clients only", none: "nobody" } as const;

const seconds = (length: number): string => `${Math.max(0, Math.round(length))} s`;

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
