/** No credentials to be had. What went wrong may quote them (a credential_process that prints nonsense), so it is not repeated. */
export class NoCredentials extends Error {
  override readonly name = "NoCredentials";
}

/** Shorter than a call may take: a credential_process that hangs is told from a ledger that does not answer. */
const PATIENCE_MILLIS = 5000;

/** A provider whose failures name the kind of the failure alone: they go to the log. One that hangs has failed for now. */
export function discreet<Arguments extends unknown[], Given>(
  provider: (...args: Arguments) => Promise<Given>,
  patience = PATIENCE_MILLIS,
): (...args: Arguments) => Promise<Given> {
  return async (...args) => {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoCredentials(`credentials were not to be had within ${patience / 1000} s: ${LOOK}`)), patience);
    });
    try {
      return await Promise.race([provider(...args), tooLong]);
    } catch (error) {
      if (error instanceof NoCredentials) throw error;
      const kind = error instanceof Error ? error.name : typeof error;
      throw new NoCredentials(`neither environment, profile nor credential_process gives usable credentials (${kind}): ${LOOK}`);
    } finally {
      clearTimeout(timer);
    }
  };
}
const LOOK = "run credential_process by hand to see why";

/** Errors by which AWS says that it does not take these credentials (any more): a session that was revoked is refused by a policy. */
const REFUSED: ReadonlySet<string> = new Set(["ExpiredTokenException", "UnrecognizedClientException", "AccessDeniedException"]);
/** Credentials that are refused though they are new are not fetched more often. */
const REFETCH_MILLIS = 60_000;

/** Says of each error whether credentials are to be fetched anew for it, however long they say that they are good. */
export function refetching(millis: () => number = () => performance.now()): (error: unknown) => boolean {
  let notBefore = Number.NEGATIVE_INFINITY;
  return (error) => {
    if (!(error instanceof Error) || !REFUSED.has(error.name) || millis() < notBefore) return false;
    notBefore = millis() + REFETCH_MILLIS;
    return true;
  };
}
