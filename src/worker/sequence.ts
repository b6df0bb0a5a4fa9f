/**
 * Sequences as results: what is ready at once travels in the answer itself, so
 * that a short sequence costs one round trip; the rest is pulled.
 */
import type { CallContext, Channel } from "./channel.ts";
import type { SourceHandle } from "./wire_message.ts";

/** A sequence in a result: its first items and how to get the others. */
export interface WireSequence {
  readonly items: readonly unknown[];
  /** `undefined`: these are all. */
  readonly rest: SourceHandle | undefined;
}

/** Makes an item fit to be posted; names the buffers to give away. */
export type Pack = (item: unknown, transfer: Transferable[]) => unknown;

/** Microtasks that the end of a sequence is given to show itself. */
const TICKS = 8;

/** For the answering side. */
export async function sendSequence(
  context: CallContext,
  items: AsyncIterable<unknown>,
  pack: Pack,
): Promise<WireSequence> {
  const iterator = items[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return { items: [], rest: undefined };
  const packed = [pack(first.value, context.transfer)];
  const second = iterator.next();
  const over = await isOver(second);
  if (over) return { items: packed, rest: undefined };
  const rest = context.channel.offer(continued(iterator, second), pack);
  return { items: packed, rest };
}

/** For the asking side: the sequence, `prefetch` items ahead of its reader. */
export async function* readSequence<T>(
  channel: Channel,
  sequence: WireSequence,
  prefetch: number,
): AsyncGenerator<T, void> {
  const { items, rest } = sequence;
  const reader = rest === undefined ? undefined : channel.take(rest, prefetch);
  try {
    for (const item of items) yield item as T;
    if (reader === undefined) return;
    while (true) {
      const { value, done } = await reader.next();
      if (done === true) return;
      yield value as T;
    }
  } finally {
    await reader?.return();
  }
}

/** The same for a sequence of chunks: a stream of bytes. */
export function readByteSequence(
  channel: Channel,
  sequence: WireSequence,
  prefetch: number,
): ReadableStream<Uint8Array> {
  const { rest } = sequence;
  const items = [...sequence.items] as Uint8Array[];
  const reader = rest === undefined ? undefined : channel.take(rest, prefetch);
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const ready = items.shift();
      if (ready !== undefined) {
        controller.enqueue(ready);
        return;
      }
      const result = await reader?.next();
      if (result === undefined || result.done === true) controller.close();
      else controller.enqueue(result.value as Uint8Array);
    },
    async cancel(): Promise<void> {
      await reader?.return();
    },
  }, { highWaterMark: 0 });
}

/** Whether the result is there within a few microtasks and is the end. */
async function isOver(
  next: Promise<IteratorResult<unknown, unknown>>,
): Promise<boolean> {
  let over = false;
  // A rejection is met again when the rest is read.
  next.then((result) => over = result.done === true, () => {});
  for (let i = 0; i < TICKS && !over; i++) await null;
  return over;
}

/** An iteration of which one step was taken already. */
function continued(
  iterator: AsyncIterator<unknown>,
  step: Promise<IteratorResult<unknown, unknown>>,
): AsyncIterable<unknown> {
  let ahead: Promise<IteratorResult<unknown, unknown>> | undefined = step;
  return {
    [Symbol.asyncIterator]: () => ({
      next(): Promise<IteratorResult<unknown, unknown>> {
        const result = ahead ?? iterator.next();
        ahead = undefined;
        return result;
      },
      async return(): Promise<IteratorResult<unknown, unknown>> {
        await iterator.return?.();
        return { value: undefined, done: true };
      },
    }),
  };
}
