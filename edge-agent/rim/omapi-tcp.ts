import { createServer, type Server, type Socket } from "node:net";

export interface OmapiTcpOptions {
  readonly port: number;
  readonly address: string;
  readonly onOpened: (connection: number) => void;
  readonly onBytes: (connection: number, bytes: Uint8Array) => void;
  readonly onClosed: (connection: number) => void;
  readonly warn: (text: string) => void;
}

/** Scripts open one connection at a time; this leaves room for many of them, and bounds what strangers can take. */
const CONNECTIONS = 64;
const IDLE_MILLIS = 600_000;
/** A client that does not read its answers is let go. */
const UNSENT_BYTES = 1 << 20;

/** Listens for OMAPI clients (omshell, scripts) and carries bytes both ways. */
export class OmapiTcp {
  readonly #server: Server;
  readonly #sockets = new Map<number, Socket>();
  #next = 1;

  constructor(options: OmapiTcpOptions) {
    this.#server = createServer((socket) => this.#accept(socket, options));
    this.#server.maxConnections = CONNECTIONS;
    this.#server.on("error", (error) => options.warn(`OMAPI on ${options.address} port ${options.port}: ${error.message}`));
    this.#server.listen(options.port, options.address);
  }

  send(connection: number, bytes: Uint8Array): void {
    const socket = this.#sockets.get(connection);
    if (socket === undefined) return;
    socket.write(bytes);
    if (socket.writableLength > UNSENT_BYTES) socket.destroy();
  }

  closeConnection(connection: number): void {
    this.#sockets.get(connection)?.end();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets.values()) socket.end();
    setTimeout(() => {
      for (const socket of this.#sockets.values()) socket.destroy();
    }, 1000).unref();
  }

  #accept(socket: Socket, options: OmapiTcpOptions): void {
    const connection = this.#next;
    this.#next += 1;
    this.#sockets.set(connection, socket);
    socket.setNoDelay(true);
    socket.setTimeout(IDLE_MILLIS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => options.onBytes(connection, bytes));
    socket.on("close", () => {
      this.#sockets.delete(connection);
      options.onClosed(connection);
    });
    options.onOpened(connection);
  }
}
