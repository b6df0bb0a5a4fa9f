/** The command of the control socket after which IMAP is spoken. */
export const IMAP_COMMAND = "imap";
