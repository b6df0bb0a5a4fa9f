/** Where workers of the process model's tests begin. */
import { beginWorker } from "#src/worker/worker_main.ts";
import { PROBE_MODULES } from "./probe_modules.ts";

beginWorker(PROBE_MODULES);
