import { isUtf8 } from "node:buffer";
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";

/** Commands of `execute` statements that may run at once; more are refused. */
const MAXIMUM_RUNNING = 16;

/** Runs commands of `execute` (dhcp-eval(5)): argv only, never a shell; nobody waits for them. */
export class CommandRunner {
  readonly #onFailed: (line: string) => void;
  #running = 0;

  /** `onFailed` gets what is to be said of a command that went wrong, in dhcpd's words. */
  constructor(onFailed: (line: string) => void) {
    this.#onFailed = onFailed;
  }

  run(command: string, args: readonly string[]): void {
    if (this.#running >= MAXIMUM_RUNNING) {
      this.#onFailed(`execute: ${command} not run: ${MAXIMUM_RUNNING} commands are running already`);
      return;
    }
    const child = this.#start(command, args);
    if (child === undefined) return;
    this.#running += 1;
    let ended = false;
    const end = (status: number): void => {
      if (ended) return;
      ended = true;
      this.#running -= 1;
      if (status !== 0) this.#onFailed(`execute: ${command} exit status ${status}`);
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      this.#onFailed(`Unable to execute ${command}: ${REASONS[error.code ?? ""] ?? error.message}`);
      end(NOT_EXECUTED);
    });
    child.on("exit", (code, signal) => end(code === null ? (signal === null ? 0 : constants.signals[signal]) : code << 8));
  }

  /** Undefined where not even an attempt could be made, as with arguments that are too long: that is told like any other failure. */
  #start(command: string, args: readonly string[]): ChildProcess | undefined {
    try {
      return spawn(command, args.map(asWritten), { stdio: "ignore", shell: false });
    } catch (error) {
      const { code = "", message } = error as NodeJS.ErrnoException;
      this.#onFailed(`Unable to execute ${command}: ${REASONS[code] ?? message}`);
      this.#onFailed(`execute: ${command} exit status ${NOT_EXECUTED}`);
      return undefined;
    }
  }
}

/** An argument has a character for each byte. Node writes UTF-8: bytes that are UTF-8 arrive as they were, others as Latin-1 in UTF-8. */
function asWritten(argument: string): string {
  const bytes = Buffer.from(argument, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : argument;
}

/** wait(2) status of a child that could not become the command. */
const NOT_EXECUTED = 127 << 8;
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "No such file or directory",
  EACCES: "Permission denied",
  E2BIG: "Argument list too long",
};
