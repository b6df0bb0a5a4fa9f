/**
 * Every module that is compiled in: one import and one entry each. Module files
 * are light; what they need of big libraries they import when they start.
 */
import { fs } from "#src/blobs/fs.ts";
import { queue } from "#src/deliveries/queue.ts";
import { remote } from "#src/deliveries/remote.ts";
import type { AnyModule } from "#src/module/define.ts";
import { sqlmail } from "#src/storage/sqlmail/module.ts";

/** In the order of the reference. */
export const MODULES: readonly AnyModule[] = [sqlmail, queue, remote, fs];
