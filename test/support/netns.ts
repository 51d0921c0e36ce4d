import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * Laboratories of network namespaces for tests against real peers. Every name carries the pid of the process that made it, so that
 * the next run can remove what a killed run left behind: namespaces, the processes in them, and directories.
 */
const PREFIX = "tandem";
const DIRECTORY = "/tmp";
let serial = 0;

/** Runs a program to its end and gives its standard output; throws with its standard error if it fails. */
export function run(argv: readonly string[], input = ""): string {
  const [program, ...rest] = argv;
  return execFileSync(program as string, rest, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"], maxBuffer: 1 << 26 });
}

/** As {@link run}, but others go on meanwhile. */
export async function runMeanwhile(argv: readonly string[]): Promise<string> {
  const [program, ...rest] = argv;
  const { stdout } = await promisify(execFile)(program as string, rest, { encoding: "utf8", maxBuffer: 1 << 28 });
  return stdout;
}

/** One end of a virtual cable. */
export interface CableEnd {
  readonly namespace: Namespace;
  readonly device: string;
  readonly mac?: string;
  /** `10.77.0.1/24`, any number of them. */
  readonly addresses?: readonly string[];
}

/** Some namespaces, the processes in them and a directory, which live and die together. */
export class Lab {
  readonly directory: string;
  readonly #prefix: string;
  readonly #namespaces: Namespace[] = [];
  readonly #processes: Running[] = [];

  constructor(name: string) {
    removeLeftovers();
    serial += 1;
    this.#prefix = `${PREFIX}-${process.pid}-${serial}`;
    this.directory = mkdtempSync(join(DIRECTORY, `${this.#prefix}-${name}-`));
  }

  /** A new namespace with its loopback up. */
  namespace(role: string): Namespace {
    const name = `${this.#prefix}-${role}`;
    run(["ip", "netns", "add", name]);
    const made = new Namespace(name, join(this.directory, role), (process) => this.#processes.push(process));
    this.#namespaces.push(made);
    made.ip("link set lo up");
    return made;
  }

  /** A veth pair between two namespaces, both ends up, checksum offload off so that every frame is complete on the wire. */
  cable(a: CableEnd, b: CableEnd): void {
    run(["ip", "link", "add", a.device, "netns", a.namespace.name, "type", "veth", "peer", "name", b.device, "netns", b.namespace.name]);
    for (const end of [a, b]) {
      const { namespace, device } = end;
      namespace.exec("ethtool", "-K", device, "tx", "off");
      if (end.mac) namespace.ip(`link set ${device} address ${end.mac}`);
      for (const address of end.addresses ?? []) namespace.ip(`address add ${address} dev ${device}`);
      namespace.ip(`link set ${device} up`);
    }
  }

  /** Stops every process, removes namespaces and directory. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop("SIGKILL")));
    for (const namespace of this.#namespaces) removeNamespace(namespace.name);
    if (!process.env["TANDEM_KEEP"]) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** One network namespace. */
export class Namespace {
  readonly name: string;
  /** Where logs of programs started here go. */
  readonly directory: string;
  readonly #register: (process: Running) => void;
  #started = 0;

  constructor(name: string, directory: string, register: (process: Running) => void) {
    this.name = name;
    this.directory = directory;
    this.#register = register;
    mkdirSync(directory, { recursive: true, mode: 0o777 });
  }

  /** `ip` with words separated by spaces, inside. */
  ip(words: string): string {
    return run(["ip", "-n", this.name, ...words.split(" ")]);
  }

  /** Runs a program to its end, inside. */
  exec(...argv: string[]): string {
    return run(["ip", "netns", "exec", this.name, ...argv]);
  }

  /** Runs a program to its end, inside, and gives its status and everything it printed, whether it succeeds or not. */
  attempt(argv: readonly string[], milliseconds = 30_000): { readonly status: number | null; readonly output: string } {
    const done = spawnSync("ip", ["netns", "exec", this.name, ...argv], { encoding: "utf8", timeout: milliseconds, killSignal: "SIGKILL" });
    return { status: done.status, output: done.stdout + done.stderr };
  }

  /** Starts a program in the background; what it prints is in its log. */
  start(label: string, argv: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
    this.#started += 1;
    const log = join(this.directory, `${label}.${this.#started}.log`);
    const output = openSync(log, "w");
    const child = spawn("ip", ["netns", "exec", this.name, ...argv], {
      stdio: ["ignore", output, output],
      cwd: this.directory,
      env: { ...process.env, ...environment },
      detached: true,
    });
    closeSync(output);
    const started = new Running(label, child, log);
    this.#register(started);
    return started;
  }

  /** IPv4 addresses with prefix length on a device. */
  addresses(device: string): string[] {
    const links = JSON.parse(this.ip(`-j -4 address show dev ${device}`) || "[]") as {
      addr_info?: { local: string; prefixlen: number }[];
    }[];
    return links.flatMap((link) => (link.addr_info ?? []).map((info) => `${info.local}/${info.prefixlen}`));
  }
}

/** A program running in a namespace, in a session of its own. */
export class Running {
  readonly pid: number;
  readonly label: string;
  /** Exit status, or the signal's name. */
  readonly ended: Promise<number | string>;
  readonly #log: string;
  #over = false;

  constructor(label: string, child: ChildProcess, log: string) {
    this.label = label;
    this.pid = child.pid ?? -1;
    this.#log = log;
    this.ended = new Promise((resolve) => {
      child.on("error", (error) => resolve(String(error)));
      child.on("exit", (status, signal) => {
        this.#over = true;
        resolve(status ?? signal ?? -1);
      });
    });
  }

  get isRunning(): boolean {
    return !this.#over;
  }

  /** The file that holds what it prints. */
  get logFile(): string {
    return this.#log;
  }

  /** Everything it has printed so far. */
  log(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, "utf8") : "";
  }

  /** Resolves when the log matches; throws with the log's end when it has not after `milliseconds`, or the program ended without. */
  async waitForLog(pattern: RegExp, milliseconds = 15_000): Promise<void> {
    await eventually(
      () => {
        const over = this.#over;
        if (pattern.test(this.log())) return true;
        if (over) throw new Error(`${this.label} ended before ${pattern}:\n${this.log().slice(-3000)}`);
        return false;
      },
      milliseconds,
      () => `${this.label}: no ${pattern} in its log:\n${this.log().slice(-3000)}`,
    );
  }

  /** Sends a signal to its session. */
  signal(signal: NodeJS.Signals): void {
    if (this.#over || this.pid <= 0) return;
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  /** Ends it: the signal, and SIGKILL if that does not help within 3 s. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
    this.signal(signal);
    const kill = setTimeout(() => this.signal("SIGKILL"), 3000);
    const status = await this.ended;
    clearTimeout(kill);
    return status;
  }
}

export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves with the first truthy answer of `probe`; throws `complaint()` when there is none after `milliseconds`. */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  milliseconds = 15_000,
  complaint: () => string = () => "it did not happen",
): Promise<NonNullable<T>> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`after ${milliseconds} ms: ${complaint()}`);
    await sleep(20);
  }
}

function removeNamespace(name: string): void {
  const pids = spawnSync("ip", ["netns", "pids", name], { encoding: "utf8" }).stdout ?? "";
  for (const pid of pids.split("\n").filter(Boolean)) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended by itself meanwhile.
    }
  }
  spawnSync("ip", ["netns", "del", name]);
}

/** Removes namespaces and directories whose maker is dead. */
function removeLeftovers(): void {
  const isLeft = (name: string): boolean => {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    return pid !== undefined && !existsSync(`/proc/${pid}`);
  };
  const namespaces = existsSync("/run/netns") ? readdirSync("/run/netns") : [];
  for (const name of namespaces.filter(isLeft)) removeNamespace(name);
  for (const name of readdirSync(DIRECTORY).filter(isLeft)) removeDirectory(join(DIRECTORY, name));
}

/** What a killed run left mounted below is unmounted first; a directory that cannot be removed is left to the next run. */
function removeDirectory(directory: string): void {
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  for (const at of mounts.map((line) => line.split(" ")[1] ?? "").filter((each) => each.startsWith(`${directory}/`)))
    spawnSync("umount", ["-l", at]);
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    // Another run removes it at this very moment.
  }
}
