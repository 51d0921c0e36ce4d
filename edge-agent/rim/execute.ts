import { spawn } from "node:child_process";

/** Commands of `execute` statements that may run at once; more are refused. */
const MAXIMUM_RUNNING = 16;

/** Runs commands of `execute` (dhcp-eval(5)): argv only, never a shell; nobody waits for them. */
export class CommandRunner {
  readonly #onFailed: (command: string, reason: string) => void;
  #running = 0;

  constructor(onFailed: (command: string, reason: string) => void) {
    this.#onFailed = onFailed;
  }

  run(command: string, args: readonly string[]): void {
    if (this.#running >= MAXIMUM_RUNNING) {
      this.#onFailed(command, `${MAXIMUM_RUNNING} commands are running already`);
      return;
    }
    this.#running += 1;
    const child = spawn(command, [...args], { stdio: "ignore", shell: false });
    let ended = false;
    const end = (reason: string | undefined): void => {
      if (ended) return;
      ended = true;
      this.#running -= 1;
      if (reason !== undefined) this.#onFailed(command, reason);
    };
    child.on("error", (error) => end(error.message));
    child.on("exit", (code, signal) => end(code === 0 ? undefined : signal === null ? `exit status ${code}` : `killed by ${signal}`));
  }
}
