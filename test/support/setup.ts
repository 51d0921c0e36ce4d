import fc from "fast-check";

/** In CI property tests draw the same cases every time; elsewhere fresh ones, and a failure prints its seed. */
if (process.env["CI"] === "true") fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20_261_122 });
