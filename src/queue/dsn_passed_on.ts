/** How a delivery says that the next host reports for itself. */
import { type ContextKey, contextKey } from "#src/module/roles/context.ts";

/**
 * Addresses whose DSN parameters the next host took over (RFC 3461 section
 * 4): it will report their success, so the queue does not. Left by deliveries
 * such as `remote`.
 */
export const DSN_PASSED_ON: ContextKey<readonly string[]> = contextKey(
  "dsn-passed-on",
);
