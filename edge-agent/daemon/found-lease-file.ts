import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { parseLeaseFile } from "../leases/lease-file/parse.ts";
import type { LeaseFile } from "../leases/lease-file/types.ts";
import { errorText } from "../rim/pid-file.ts";
import { missingLeaseFile } from "./banner.ts";
import { digestOf } from "./lease-file-notes.ts";
import { StartFailed } from "./start-failed.ts";

/** dhcpd does not start without a lease file, for the file may be somewhere else: neither do we. */
export function checkLeaseFile(path: string): void {
  try {
    const file = openSync(path, "r");
    try {
      readSync(file, new Uint8Array(1));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new StartFailed(missingLeaseFile(path, errorText(error)));
  }
}

/**
 * The lease file as a start finds it. It may be large: it is read once, its digest and its content are made only if somebody asks, and
 * whoever has what they need lets go of it.
 */
export class FoundLeaseFile {
  readonly path: string;
  readonly isEmpty: boolean;
  #bytes: Buffer | undefined;
  #digest: Uint8Array | undefined;
  #content: LeaseFile | undefined;

  private constructor(path: string, bytes: Buffer) {
    this.path = path;
    this.isEmpty = bytes.length === 0;
    this.#bytes = bytes;
  }

  /** Throws {@link StartFailed} if it cannot be read. */
  static read(path: string): FoundLeaseFile {
    try {
      return new FoundLeaseFile(path, readFileSync(path));
    } catch (error) {
      throw new StartFailed(`Can't open lease database ${path}: ${errorText(error)}`);
    }
  }

  /** SHA-256 of its bytes. */
  digest(): Uint8Array {
    this.#digest ??= digestOf(this.#bytes ?? Buffer.alloc(0));
    return this.#digest;
  }

  /** What it says; its `problems` are statements that are not understood, and left out. */
  content(): LeaseFile {
    this.#content ??= parseLeaseFile(this.#bytes?.toString("latin1") ?? "");
    return this.#content;
  }

  /** {@link FoundLeaseFile.content}, telling what is not understood. */
  contentTelling(tell: (level: "error", text: string) => void): LeaseFile {
    const content = this.content();
    for (const { line, message } of content.problems) tell("error", `${this.path} line ${line}: ${message}`);
    return content;
  }

  /** Everything was taken from it. */
  letGo(): void {
    this.#bytes = undefined;
    this.#content = undefined;
  }
}
