import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { expect, test } from "vitest";
import { openSyslog } from "../../../edge-agent/rim/linux-sockets.ts";
import { syslogSink } from "../../../edge-agent/rim/logger.ts";

const libc = koffi.load(null);
const socket = libc.func("int socket(int domain, int type, int protocol)") as (domain: number, type: number, protocol: number) => number;
const bind = libc.func("int bind(int fd, const void *address, unsigned int length)") as (
  fd: number,
  at: Uint8Array,
  size: number,
) => number;
const recv = libc.func("long recv(int fd, _Out_ void *bytes, size_t length, int flags)") as (
  fd: number,
  into: Uint8Array,
  size: number,
  flags: number,
) => number;
const close = libc.func("int close(int fd)") as (fd: number) => number;

/** A system log in miniature: a Unix datagram socket, which Node does not have. */
class SystemLog {
  readonly #fd = socket(1, 2, 0);
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
    const address = new Uint8Array(110);
    address[0] = 1;
    address.set(new TextEncoder().encode(path), 2);
    expect(bind(this.#fd, address, 2 + path.length + 1)).toBe(0);
  }

  lines(): string[] {
    const lines: string[] = [];
    const buffer = new Uint8Array(2048);
    for (let length = this.#recv(buffer); length >= 0; length = this.#recv(buffer))
      lines.push(Buffer.from(buffer.subarray(0, length)).toString());
    return lines;
  }

  end(): void {
    close(this.#fd);
    rmSync(this.#path);
  }

  #recv(buffer: Uint8Array): number {
    return Number(recv(this.#fd, buffer, buffer.length, 0x40));
  }
}

const path = join(mkdtempSync(join(tmpdir(), "tandem-syslog-")), "log");

test("lines reach the system log as dhcpd's do, with facility and severity", () => {
  const system = new SystemLog(path);
  const sink = syslogSink(openSyslog(path), 42, "local3");
  sink.write("info", "DHCPACK on 10.0.0.5\nand a second line");
  sink.write("error", "no good");
  expect(system.lines()).toEqual(["<158>dhcpd[42]: DHCPACK on 10.0.0.5", "<158>dhcpd[42]: and a second line", "<155>dhcpd[42]: no good"]);
  system.end();
});

test("a system log that comes back is written to again, and told how much it missed", () => {
  const first = new SystemLog(path);
  const sink = syslogSink(openSyslog(path), 42, "daemon");
  first.end();
  sink.write("info", "lost");
  sink.write("info", "lost too");
  const second = new SystemLog(path);
  sink.write("warn", "back");
  sink.write("info", "next");
  expect(second.lines()).toEqual(["<28>dhcpd[42]: back (2 lines before this one were lost)", "<30>dhcpd[42]: next"]);
  second.end();
});

test("a log that nobody reads holds nobody up", () => {
  const system = new SystemLog(path);
  const sink = syslogSink(openSyslog(path), 42, "daemon");
  for (let line = 0; line < 20_000; line += 1) sink.write("info", `line ${line}`);
  expect(system.lines().length).toBeLessThan(20_000);
  sink.write("info", "after");
  expect(system.lines()[0]).toMatch(/after \(\d+ lines before this one were lost\)$/);
  system.end();
});
