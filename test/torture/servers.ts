import { execFileSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DhcpServer } from "../support/dhcp-server.ts";
import type { Program, Role } from "../support/failover-config.ts";
import { type Running, sleep } from "../support/netns.ts";
import type { DatabaseLease, History } from "./history.ts";

const TAIL_MILLIS = 100;
const DISK_SIZE = "48m";

/** One real server of the pair: started, killed, frozen, its disk filled; its log goes into the history as it is written. */
export class TortureServer {
  readonly role: Role;
  readonly program: Program;
  /** Its endpoint's state as its log last told it, in dhcpd's words; "startup" before it has told. */
  state = "startup";
  /** The partner's state as this server's log last told it. */
  partner = "unknown";
  running = false;
  paused = false;
  diskFull = false;
  /** What it had stored is gone, and the pair has not been normal since. */
  lostDisk = false;
  readonly server: DhcpServer;
  readonly #history: History;
  readonly #clockFile: string;
  #process: Running | undefined;
  #tail = 0;
  #rest = "";
  /** The end of this process is wanted. */
  #ending = false;
  /** The disk was full at some time in the life of this process, which may then refuse to start. */
  #wasFull = false;
  #pending = 0;
  /** Orders are carried out one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(role: Role, program: Program, server: DhcpServer, history: History, clockFile: string) {
    this.role = role;
    this.program = program;
    this.server = server;
    this.#history = history;
    this.#clockFile = clockFile;
  }

  get folder(): string {
    return dirname(this.server.leaseFile);
  }

  /** Runs it; resolves when it serves, or has failed to. */
  start(): Promise<void> {
    return this.#then(async () => {
      if (this.running) return;
      this.#ending = false;
      this.state = "startup";
      try {
        const started = this.server.start();
        this.#follow();
        await started;
        this.running = true;
        this.#history.add({ kind: "started", who: this.role });
      } catch (error) {
        this.#read();
        const text = error instanceof Error ? error.message.slice(-600) : String(error);
        this.#history.add({ kind: "note", who: this.role, text: `does not start: ${text}` });
      }
    });
  }

  /** Ends it by a signal; resolves when it has ended. */
  stop(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    return this.#then(async () => {
      this.#ending = true;
      this.running = false;
      this.paused = false;
      if (signal === "SIGTERM") this.#process?.signal("SIGCONT");
      await this.server.stop(signal);
      await this.#process?.ended;
      this.#read();
    });
  }

  pause(): void {
    if (!this.running || this.paused) return;
    this.paused = true;
    this.#process?.signal("SIGSTOP");
  }
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.#process?.signal("SIGCONT");
  }
  hangUp(): void {
    if (this.running) this.#process?.signal("SIGHUP");
  }

  /** Puts a small disk of its own under the server's files; before its first start. */
  mount(): void {
    const conf = readFileSync(this.server.conf);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_SIZE}`, "tmpfs", this.folder]);
    writeFileSync(this.server.conf, conf);
    writeFileSync(this.server.leaseFile, "");
  }
  /** Takes away its disk and its clock. */
  unmount(): void {
    for (const file of [this.#clockFile, `${this.#clockFile}.sh`]) rmSync(file, { force: true });
    try {
      execFileSync("umount", ["-l", this.folder], { stdio: "ignore" });
    } catch {
      // It never was mounted.
    }
  }
  fill(): void {
    this.diskFull = true;
    this.#wasFull = true;
    try {
      execFileSync("dd", ["if=/dev/zero", `of=${join(this.folder, "filler")}`, "bs=64k"], { stdio: "ignore" });
    } catch {
      // That it ends with "no space left" is what it is for.
    }
  }
  unfill(): void {
    rmSync(join(this.folder, "filler"), { force: true });
    this.diskFull = false;
  }

  /** Sets its wall clock, `offset` seconds from the true time. */
  setClock(offset: number): void {
    writeFileSync(this.#clockFile, `${offset < 0 ? "-" : "+"}${Math.abs(offset)}\n`);
  }

  /** The lease file's last word on each address. */
  leases(): DatabaseLease[] {
    return [...this.server.leases()].map(([address, record]) => {
      const hardware = /^ {2}hardware ethernet (\S+);/m.exec(record)?.[1];
      const ends = /^ {2}ends (?:\d (\d+)\/(\d+)\/(\d+) (\d+):(\d+):(\d+)|epoch (\d+)|never);/m.exec(record);
      const [, year, month, day, hour, minute, second, epoch] = ends ?? [];
      const seconds =
        epoch !== undefined
          ? Number(epoch)
          : year === undefined
            ? 0
            : Date.UTC(+year, +month! - 1, +day!, +hour!, +minute!, +second!) / 1000;
      const status = /^ {2}binding state (\w+);/m.exec(record)?.[1] ?? "unknown";
      return { address, status, ...(hardware === undefined ? {} : { hardware }), ends: seconds };
    });
  }

  /** Whether a lease file of this name is there at all. */
  get hasDatabase(): boolean {
    return existsSync(join(this.folder, basename(this.server.leaseFile)));
  }

  /** An order to start or stop it is being carried out. */
  get busy(): boolean {
    return this.#pending > 0;
  }

  #then(task: () => Promise<void>): Promise<void> {
    this.#pending += 1;
    this.#queue = this.#queue.then(task).finally(() => {
      this.#pending -= 1;
    });
    return this.#queue;
  }

  /** Copies what this process prints into the history until it has ended. */
  #follow(): void {
    const { process } = this.server;
    if (process === this.#process) return;
    this.#process = process;
    this.#wasFull = this.diskFull;
    this.#tail = 0;
    this.#rest = "";
    void process.ended.then((status) => {
      if (this.#process !== process) return;
      this.#read();
      const expected = this.#ending || this.#wasFull;
      this.running = false;
      this.paused = false;
      this.#history.add({ kind: "ended", who: this.role, status: String(status), expected });
    });
    void (async () => {
      while (process.isRunning && this.#process === process) {
        this.#read();
        await sleep(TAIL_MILLIS);
      }
    })();
  }

  #read(): void {
    if (this.#process === undefined) return;
    const file = openSync(this.#process.logFile, "r");
    const piece = Buffer.alloc(1 << 16);
    for (;;) {
      const length = readSync(file, piece, 0, piece.length, this.#tail);
      if (length === 0) break;
      this.#tail += length;
      const lines = (this.#rest + piece.toString("latin1", 0, length)).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#heard(line);
    }
    closeSync(file);
  }

  #heard(line: string): void {
    const own = /failover peer lab: I move from \S+ to ([a-z-]+)/.exec(line)?.[1];
    const theirs = /failover peer lab: peer moves from \S+ to ([a-z-]+)/.exec(line)?.[1];
    if (own !== undefined) this.state = own;
    if (theirs !== undefined) this.partner = theirs;
    this.#history.add({ kind: "log", who: this.role, text: line });
  }
}
