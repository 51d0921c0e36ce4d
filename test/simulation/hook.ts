import { registerHooks } from "node:module";
import { GUARDS } from "./guards.ts";

// Loaded before all else (`node --import`): takes one guard out of the source as it is read, and leaves the files alone.
const guard = GUARDS.find(({ name }) => name === process.env["WITHOUT_GUARD"]);
if (guard === undefined) throw new Error(`no guard is called ${process.env["WITHOUT_GUARD"]}`);
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/${guard.file}`)) return loaded;
    const source = typeof loaded.source === "string" ? loaded.source : new TextDecoder().decode(loaded.source as Uint8Array);
    const parts = source.split(guard.find);
    if (parts.length !== 2) throw new Error(`"${guard.name}": the text to replace stands ${parts.length - 1} times in ${guard.file}`);
    return { ...loaded, source: parts.join(guard.replace) };
  },
});
