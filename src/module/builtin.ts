/**
 * The built-in configuration, written in the configuration language: what a
 * file with nothing but a hostname expands to.
 *
 * `{default:ROLE}` stands for the default instance of a role in the file that
 * is expanded, so that `config expand` prints names that are there.
 */

/** What positions in these texts say. */
export const BUILTIN_FILE = "(built-in)";

/** The module whose instance stands in for a role where nothing is named. */
export const BUILTIN_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ["storage", "sqlmail"],
  ["auth", "sqlmail"],
  ["delivery", "sqlmail"],
  ["certificates", "auto"],
  ["blobs", "fs"],
]);

/** Instances that are there under another name than that of their module. */
export const BUILTIN_INSTANCES: ReadonlyMap<string, string> = new Map([
  ["outgoing-queue", "queue"],
]);

/** Endpoints of a file that has none. */
export const BUILTIN_ENDPOINTS: ReadonlyMap<string, string> = new Map([
  ["smtp", "smtp 0.0.0.0:25 [::]:25 {\n}\n"],
  [
    "submission",
    "submission 0.0.0.0:587 [::]:587 {\n}\n" +
    "submission 0.0.0.0:465 [::]:465 {\n  tls_mode implicit\n}\n",
  ],
  [
    "imap",
    "imap 0.0.0.0:143 [::]:143 {\n}\n" +
    "imap 0.0.0.0:993 [::]:993 {\n  tls_mode implicit\n}\n",
  ],
]);

/** Steps of an endpoint whose block has none. */
export const BUILTIN_STEPS: ReadonlyMap<string, string> = new Map([
  [
    "smtp",
    `filter verify-hostname
filter spf
filter dkim verify=true
filter dmarc
match local {
  delivery {default:delivery}
}
match no local {
  require-auth
  filter dkim sign=true
  delivery outgoing-queue
}
`,
  ],
  [
    "submission",
    `require-auth
filter dkim sign=true
match local {
  delivery {default:delivery}
}
match no local {
  delivery outgoing-queue
}
`,
  ],
  [
    "lmtp",
    `match local {
  delivery {default:delivery}
}
`,
  ],
]);
