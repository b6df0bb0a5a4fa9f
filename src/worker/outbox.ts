/**
 * Collects what is to be sent and posts it in one piece at the end of the
 * microtask queue's turn: a post costs far more than a message in it.
 */

/** The end of a message channel, as far as it is used here. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close?(): void;
}

/** Batches posts to one port. */
export class Outbox<M> {
  readonly #port: Port;
  readonly #refused: (message: M, error: unknown) => void;
  #messages: M[] = [];
  #transfer: Transferable[] = [];
  #scheduled = false;

  /** `refused` is told of each message that cannot be cloned. */
  constructor(port: Port, refused: (message: M, error: unknown) => void) {
    this.#port = port;
    this.#refused = refused;
  }

  /** Sends with the next batch, in the order of calling. */
  send(message: M, transfer?: readonly Transferable[]): void {
    this.#messages.push(message);
    if (transfer !== undefined) {
      for (const item of transfer) this.#transfer.push(item);
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const messages = this.#messages;
    const transfer = this.#transfer;
    this.#messages = [];
    this.#transfer = [];
    try {
      this.#port.postMessage(messages, transfer);
    } catch (error) {
      if (messages.length === 1) this.#refused(messages[0] as M, error);
      else this.#flushSingly(messages, transfer);
    }
  }

  /** One message of the batch cannot be cloned: the others must not suffer. */
  #flushSingly(messages: readonly M[], transfer: Transferable[]): void {
    for (const message of messages) {
      try {
        // Nothing was transferred by the failed post; copying is good enough.
        this.#port.postMessage(
          [message],
          transfer.filter((item) => !(item instanceof ArrayBuffer)),
        );
      } catch (error) {
        this.#refused(message, error);
      }
    }
  }
}
