/**
 * Every bound of the IMAP server, with the reason for its number. Those that
 * an operator may want to change are settings of the endpoint instead.
 */

/** Longest command line without its literals: SEARCH sets of real clients. */
export const MAX_LINE_BYTES = 64 * 1024;

/** Longest literal outside of APPEND: search texts and names are short. */
export const MAX_LITERAL_BYTES = 100 * 1024;

/** All literals and lines of one command; keeps a command in a few pages. */
export const MAX_COMMAND_BYTES = 1024 * 1024;

/** Most literals of one command: each costs a round trip or an append. */
export const MAX_LITERALS = 1000;

/** Everything of one command before login: a name, a password, a SASL word. */
export const MAX_COMMAND_BYTES_BEFORE_LOGIN = 8 * 1024;

/** Deepest nesting of parentheses; recursion in the grammar ends here. */
export const MAX_NESTING = 100;

/**
 * Most ranges of one sequence set. The line bound keeps real sets below this;
 * literals could carry more, and the grammar does not take sets from those.
 */
export const MAX_SET_RANGES = 100_000;

/** Most criteria in one SEARCH, so that a scan of them stays short. */
export const MAX_SEARCH_KEYS = 1000;

/** Between signs of life during long work; impatient clients give 30 seconds. */
export const PROGRESS_INTERVAL_MS = 10_000;

/** Most groups of events in one NOTIFY: clients have two or three. */
export const MAX_NOTIFY_GROUPS = 20;

/** Most names of mailboxes in one group of NOTIFY. */
export const MAX_NOTIFY_NAMES = 1000;

/** Most mailboxes of an account that NOTIFY watches: each list reads them all. */
export const MAX_NOTIFY_MAILBOXES = 10_000;

/** Own changes of names that are remembered until the list has been read. */
export const MAX_NOTIFY_OWN = 1000;

/** Names of changed annotations that wait for one client: a few commands' worth. */
export const MAX_NOTIFY_ANNOTATIONS = 1000;

/** Mailboxes that one ESEARCH looks into. */
export const MAX_SEARCHED_MAILBOXES = 1_000;

/** Searches of one session that are alive; each is looked at with all news. */
export const MAX_SEARCH_CONTEXTS = 16;

/** Ranges in one VANISHED, so that its line stays readable (RFC 2683 3.2.1.5). */
export const MAX_VANISHED_RANGES = 500;

/** Most patterns in one extended LIST. */
export const MAX_LIST_PATTERNS = 100;

/** Most messages in one APPEND (MULTIAPPEND): one transaction holds them. */
export const MAX_APPEND_MESSAGES = 1000;

/** Most parts of one message of CATENATE: each may cost a look into the store. */
export const MAX_CATENATE_PARTS = 1000;

/** Longest URL: a mailbox name in percent signs, a section with field names. */
export const MAX_URL_BYTES = 8 * 1024;

/** Longest mailbox name in UTF-8 bytes, as file systems and RFC 5530 peers. */
export const MAX_MAILBOX_NAME_BYTES = 1000;

/** Most levels of a mailbox name. */
export const MAX_MAILBOX_LEVELS = 30;

/** Longest tag; real ones have under 20 bytes, and each answer repeats it. */
export const MAX_TAG_BYTES = 200;

/** Commands that may fail to parse in a row before the connection ends. */
export const MAX_BAD_COMMANDS = 20;

/** Wrong logins in one connection before it ends (`FIELD.md`). */
export const MAX_LOGIN_FAILURES = 3;

/** Literals up to this many bytes of APPEND stay in memory. */
export const APPEND_MEMORY_BYTES = 1024 * 1024;

/**
 * A refused message that the client sends without waiting is read and dropped
 * up to this many bytes, so that it sees the answer; after that we close.
 */
export const MAX_DISCARDED_BYTES = 128 * 1024 * 1024;

/** Waiting for the next bytes inside a command. */
export const COMMAND_TIMEOUT_MS = 5 * 60_000;

/** Waiting for a command before login (`FIELD.md`). */
export const LOGIN_TIMEOUT_MS = 60_000;

/**
 * From the greeting to the login: long enough for people who type, and bounds
 * how long a stranger holds a connection whatever it sends.
 */
export const MAX_BEFORE_LOGIN_MS = 3 * 60_000;

/** Least setting that RFC 9051 section 5.4 allows for the idle timeout. */
export const IDLE_TIMEOUT_MS = 30 * 60_000;

/** Answer bytes that are collected before they are written. */
export const WRITE_CHUNK_BYTES = 32 * 1024;

/** Whole bodies up to this many bytes come with the columns of a fetch. */
export const INLINE_BODY_BYTES = 256 * 1024;

/** The same where only parts of them are asked for. */
export const INLINE_PARTS_BYTES = 64 * 1024;

/** Longest MIME header that is taken into memory to pick fields from it. */
export const MAX_INNER_HEADER_BYTES = 1024 * 1024;

/** Longest pending ID answer of a client that is logged, in characters. */
export const MAX_ID_LOG_CHARS = 200;

/** Views without sessions that are kept, so that SELECT finds them warm. */
export const MAX_WARM_VIEWS = 32;

/** Messages in all warm views together (20 bytes each). */
export const MAX_WARM_VIEW_MESSAGES = 2_000_000;
