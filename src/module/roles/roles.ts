/** Every role by the word used in configuration, docs and references. */
import type { StorageBackend } from "#src/imap/backend.ts";
import type { Admin } from "#src/module/roles/admin.ts";
import type { Auth } from "#src/module/roles/auth.ts";
import type { Blobs } from "#src/module/roles/blobs.ts";
import type { Certificates } from "#src/module/roles/certificates.ts";
import type { Delivery } from "#src/module/roles/delivery.ts";
import type { Endpoint } from "#src/module/roles/endpoint.ts";
import type { Filter } from "#src/module/roles/filter.ts";
import type { Table } from "#src/module/roles/table.ts";

/** The interfaces that modules implement. */
export interface Roles {
  endpoint: Endpoint;
  /** Accounts' mailboxes in IMAP terms; `src/imap/backend.ts` has the contract. */
  storage: StorageBackend;
  auth: Auth;
  filter: Filter;
  delivery: Delivery;
  table: Table;
  certificates: Certificates;
  blobs: Blobs;
  admin: Admin;
}

/** The words. */
export type RoleName = keyof Roles;
