/**
 * Every module that is compiled in: one import and one entry each. Module files
 * are light; what they need of big libraries they import when they start.
 */
import type { AnyModule } from "#src/module/define.ts";

/** In the order of the reference. */
export const MODULES: readonly AnyModule[] = [];
