import { chmodSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A line longer than this is no request. */
const LINE_LIMIT = 65_536;
const CONNECTION_LIMIT = 16;
const IDLE_MILLIS = 60_000;

/** Answers one request line with one reply line (without its line feed). */
export type AnswerLine = (line: string) => Promise<string>;

export interface ControlSocket {
  close(): Promise<void>;
}

/**
 * The operator's door into a running agent: a Unix socket that only its owner may open, JSON lines both ways, answered in
 * order. A socket file left behind by a dead agent is replaced; one in use is an error.
 */
export async function openControlSocket(path: string, answer: AnswerLine): Promise<ControlSocket> {
  if (await isAnswered(path)) throw new Error(`${path} is in use by a running agent`);
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (sockets.size >= CONNECTION_LIMIT) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, answer);
  });
  const mask = process.umask(0o177);
  try {
    await listen(server, path);
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => resolve());
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

function serve(socket: Socket, answer: AnswerLine): void {
  let buffered = "";
  let queue = Promise.resolve();
  socket.setEncoding("utf8");
  socket.setTimeout(IDLE_MILLIS, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: string) => {
    buffered += chunk;
    for (let end = buffered.indexOf("\n"); end >= 0; end = buffered.indexOf("\n")) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 1);
      queue = queue.then(async () => {
        const reply = await answer(line);
        if (!socket.destroyed) socket.write(`${reply}\n`);
      });
    }
    if (buffered.length > LINE_LIMIT) socket.destroy();
  });
}

/** Sends one request to a running agent and gives its reply. Fails with a plain sentence when none runs there. */
export function askAgent(path: string, request: unknown, timeoutMillis = 30_000): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = "";
    socket.setEncoding("utf8");
    socket.setTimeout(timeoutMillis, () => socket.destroy(new Error(`no answer on ${path} within ${timeoutMillis / 1000} s`)));
    socket.on("connect", () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on("data", (chunk: string) => {
      text += chunk;
      const end = text.indexOf("\n");
      if (end < 0) return;
      socket.destroy();
      resolve(JSON.parse(text.slice(0, end)));
    });
    socket.on("error", (error: NodeJS.ErrnoException) => reject(explained(path, error)));
    socket.on("close", () => reject(new Error(`${path}: the agent closed the connection without an answer`)));
  });
}

/** Nothing listens there. */
export class NobodyListens extends Error {}

function explained(path: string, error: NodeJS.ErrnoException): Error {
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "ENOTDIR")
    return new NobodyListens(`no agent listens on ${path}; name another with --socket or --state`);
  if (error.code === "ENOTSOCK") return new NobodyListens(`${path} is no socket; name the agent's with --socket or --state`);
  if (error.code === "EACCES") return new Error(`${path}: permission denied; run this as root or as the agent's user`);
  return new Error(`${path}: ${error.message}`);
}
