/** Where a worker begins: the compiled-in modules and what it does with them. */
import { MODULES } from "#src/modules.ts";
import { beginWorker } from "./worker_main.ts";

beginWorker(MODULES);
