import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** AWS's own DynamoDB Local, running as a child process. It binds to every interface and asks for no credentials: only for a desk or a test. */
export interface DynamoLocal {
  readonly endpoint: string;
  /** Ends the process; resolves when it has gone. */
  stop(): Promise<void>;
}

/** Where the npm package carries DynamoDB Local, and whether there is a Java to run it; otherwise what is missing, in words. */
export function findDynamoLocal(): { readonly folder: string } | { readonly missing: string } {
  let folder: string;
  try {
    folder = join(dirname(fileURLToPath(import.meta.resolve("amplify-dynamodb-simulator/package.json"))), "emulator");
  } catch {
    return { missing: "the npm package amplify-dynamodb-simulator is not installed" };
  }
  if (!existsSync(join(folder, "DynamoDBLocal.jar"))) return { missing: `there is no DynamoDBLocal.jar in ${folder}` };
  return spawnSync("java", ["-version"], { stdio: "ignore" }).status === 0 ? { folder } : { missing: "there is no Java on this machine" };
}

export interface DynamoLocalOptions {
  /** A folder for its file; in memory if left out. */
  readonly storedIn?: string;
  /** It will have some ten thousand writes to do: both of the JVM's compilers. They take a dozen seconds, and halve the cost of a write. */
  readonly isLongRun?: boolean;
}

/** Starts DynamoDB Local on a free port. Rejects if it does not answer within 30 s. */
export async function startDynamoLocal(folder: string, options: DynamoLocalOptions = {}): Promise<DynamoLocal> {
  const port = await freePort();
  const child = spawn(
    "java",
    [
      "-Xmx1g",
      ...(options.isLongRun === true ? [] : ["-XX:TieredStopAtLevel=1"]),
      // Its writes are done by one thread: a concurrent collector would take the other core for nothing.
      "-XX:+UseSerialGC",
      `-Djava.library.path=${join(folder, "DynamoDBLocal_lib")}`,
      "-jar",
      "DynamoDBLocal.jar",
      ...(options.storedIn === undefined ? ["-inMemory"] : ["-dbPath", options.storedIn]),
      "-sharedDb",
      "-disableTelemetry",
      "-port",
      String(port),
    ],
    // Ctrl-C on a terminal is for whoever started it, and who may still need it to end well.
    { cwd: folder, stdio: "ignore", detached: true },
  );
  // A child JVM outlives a parent that is killed otherwise.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await answering(endpoint, child);
  } catch (error) {
    kill();
    throw error;
  }
  return {
    endpoint,
    stop: () =>
      new Promise((resolve) => {
        process.removeListener("exit", kill);
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once("exit", () => resolve());
        kill();
      }),
  };
}

async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  const giveUpAt = Date.now() + 30_000;
  while (Date.now() < giveUpAt) {
    if (child.exitCode !== null) throw new Error(`DynamoDB Local ended with status ${child.exitCode}`);
    try {
      await fetch(endpoint, { signal: AbortSignal.timeout(1000) });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("DynamoDB Local did not answer within 30 s");
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
