/**
 * Bounds of annotations, kept by every store. RFC 5464 section 4.1 wants room
 * for 10 of 1,024 bytes at least.
 */

/** Longest value: a picture of a person fits. */
export const MAX_METADATA_BYTES = 64 * 1024;

/** Longest name; those that are registered have under 60 characters. */
export const MAX_METADATA_NAME = 256;

/** Annotations of one mailbox, of all together or of one user. */
export const MAX_METADATA_ENTRIES = 100;

/** All values that are at the cost of one account. */
export const MAX_METADATA_ACCOUNT_BYTES = 10 * 1024 * 1024;

/** Entries that one command may name. */
export const MAX_METADATA_NAMES = 200;
