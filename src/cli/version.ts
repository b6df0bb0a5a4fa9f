/** What this program is, and on what it runs. */

/** Version of the program; the same as in `deno.json`. */
export const VERSION = "0.1.0";

/** Workers cannot share a port on an older Deno. */
export const SHARED_PORT_DENO = "2.7.14";
/** Nothing was ever tried on an older Deno. */
export const MINIMUM_DENO = "2.6.0";
