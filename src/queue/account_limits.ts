/**
 * How much one account may send out in a day, so that a stolen password is of
 * little use to a spammer: messages, and recipients to whom the account has
 * not written in the last year. Counted on disk, in the days of UTC, in the
 * transaction that takes the message. Messages that are under way at the same
 * time are looked at by themselves: together they may exceed a limit a little.
 */
import { SmtpError } from "#src/smtp/reply.ts";
import { dayOf } from "./account_day.ts";
import type { QueueStore } from "./store.ts";

/** Settings; 0 is no limit. */
export interface AccountLimitOptions {
  readonly messages: number;
  readonly newRecipients: number;
}

/** Looks at what an account has sent before it sends more. */
export class AccountLimits {
  readonly #options: AccountLimitOptions;
  readonly #store: () => QueueStore;
  readonly #now: () => number;

  constructor(
    options: AccountLimitOptions,
    store: () => QueueStore,
    now: () => number,
  ) {
    this.#options = options;
    this.#store = store;
    this.#now = now;
  }

  /** Whether anything has to be counted. */
  get isOn(): boolean {
    return this.#options.messages > 0 || this.#options.newRecipients > 0;
  }

  /**
   * Why the account may not send to `address` now. `fresh` are the new
   * recipients of the same message so far; `address` is added if it is one.
   */
  refusal(
    account: string,
    address: string,
    fresh: Set<string>,
  ): SmtpError | undefined {
    if (!this.isOn) return undefined;
    const { messages, newRecipients } = this.#options;
    const store = this.#store();
    const sent = store.sentOn(account, dayOf(this.#now()));
    if (messages > 0 && sent.messages >= messages) {
      return new SmtpError(450, "7.1", "Too many messages today");
    }
    const key = address.toLowerCase();
    if (newRecipients === 0 || fresh.has(key)) return undefined;
    if (store.knowsRecipient(account, key)) return undefined;
    if (sent.newRecipients + fresh.size >= newRecipients) {
      return new SmtpError(450, "7.1", "Too many new recipients today");
    }
    fresh.add(key);
    return undefined;
  }
}
