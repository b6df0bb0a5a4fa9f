/**
 * Context values of a fork: reads what was left before the fork, also later;
 * what is written stays in this branch.
 */
import { type ContextKey, ContextValues } from "#src/module/roles/context.ts";

/** Values on top of those of the steps before. */
export class LayeredValues extends ContextValues {
  readonly #below: ContextValues | undefined;

  constructor(below?: ContextValues) {
    super();
    this.#below = below;
  }

  override get<T>(key: ContextKey<T>): T | undefined {
    return super.get(key) ?? this.#below?.get(key);
  }

  override entries(): readonly (readonly [string, unknown])[] {
    const own = super.entries();
    if (this.#below === undefined) return own;
    const below = this.#below.entries();
    if (own.length === 0) return below;
    return [...new Map([...below, ...own])];
  }
}
