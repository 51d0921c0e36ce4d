import { defineConfig } from "vitest/config";
import { GUARDS } from "../guards.ts";
import { editsOf, sourceWithout } from "./edits.ts";

const guard = GUARDS.find(({ name }) => name === process.env["WITHOUT_GUARD"]);
const isEdited = (id: string): boolean => guard !== undefined && editsOf(guard).some(({ file }) => id.endsWith(`/${file}`));

/** Unit tests on a product that lacks one guard. */
export default defineConfig({
  plugins: [
    {
      name: "without-guard",
      enforce: "pre",
      load: (id) => (isEdited(id) && guard !== undefined ? sourceWithout(guard, id) : undefined),
      // files are kept between runs as they were loaded first: one without its guard must be loaded anew, and not be kept
      configureVitest: ({ defineCacheKeyGenerator }) => {
        defineCacheKeyGenerator(({ id }) => (isEdited(id) ? false : undefined));
      },
    },
  ],
  test: { include: ["test/**/*.test.ts"], setupFiles: ["test/support/setup.ts"], testTimeout: 60_000 },
});
