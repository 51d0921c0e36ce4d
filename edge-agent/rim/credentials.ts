/** No credentials to be had. What went wrong may quote them (a credential_process that prints nonsense), so it is not repeated. */
export class NoCredentials extends Error {
  override readonly name = "NoCredentials";
}

/** A provider whose failures name the kind of the failure alone: they go to the log. */
export function discreet<Arguments extends unknown[], Given>(
  provider: (...args: Arguments) => Promise<Given>,
): (...args: Arguments) => Promise<Given> {
  return async (...args) => {
    try {
      return await provider(...args);
    } catch (error) {
      const kind = error instanceof Error ? error.name : typeof error;
      throw new NoCredentials(
        `neither environment, profile nor credential_process gives usable credentials (${kind}); run it by hand to see why`,
      );
    }
  };
}
