import { spawn } from "node:child_process";
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
    this.#running += 1;
    const child = spawn(command, [...args], { stdio: "ignore", shell: false });
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
}

/** wait(2) status of a child that could not become the command. */
const NOT_EXECUTED = 127 << 8;
const REASONS: Readonly<Record<string, string>> = { ENOENT: "No such file or directory", EACCES: "Permission denied" };
