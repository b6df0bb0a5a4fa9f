import assert from "node:assert/strict";
import type { Clock } from "#src/clock/clock.ts";
import { type Log, type LogFields, SILENT_LOG } from "#src/log/log.ts";
import type { Lifecycle } from "./define.ts";
import { LifecycleRunner } from "./lifecycle.ts";

/** A clock whose sleeps end when the test says so. */
class HandClock implements Clock {
  readonly #sleepers: (() => void)[] = [];
  now(): number {
    return 0;
  }
  monotonic(): number {
    return 0;
  }
  sleep(_ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    signal?.addEventListener("abort", () => reject(signal.reason));
    this.#sleepers.push(resolve);
    return promise;
  }
  wake(): void {
    for (const resolve of this.#sleepers.splice(0)) resolve();
  }
}

function recorder(events: string[]): Log {
  const note = (event: string, fields?: LogFields): void => {
    events.push(`${event} ${fields?.["instance"]}`);
  };
  return { ...SILENT_LOG, warn: note, error: note };
}

function traced(events: string[], name: string, own: Lifecycle = {}) {
  const lifecycle: Lifecycle = {
    start: async (signal) => {
      events.push(`start ${name}`);
      await own.start?.(signal);
    },
    drain: async () => {
      events.push(`drain ${name}`);
      await own.drain?.();
    },
    stop: async () => {
      events.push(`stop ${name}`);
      await own.stop?.();
    },
  };
  return { name, lifecycle };
}

const NEVER = new AbortController().signal;

function runner(
  events: string[],
  instances: readonly ReturnType<typeof traced>[],
  clock: Clock = new HandClock(),
): LifecycleRunner {
  const log = recorder(events);
  return new LifecycleRunner({ instances, log, clock, stopTimeoutMs: 1000 });
}

Deno.test("instances start in order and drain and stop in reverse, once", async () => {
  const events: string[] = [];
  const life = runner(events, [traced(events, "a"), traced(events, "b")]);
  await life.start(NEVER);
  await life.drain(1000);
  await life.stop();
  await life.stop();
  assert.deepEqual(events, [
    "start a",
    "start b",
    "drain b",
    "drain a",
    "stop b",
    "stop a",
  ]);
});

Deno.test("a failed start stops what was begun, the failed one included", async () => {
  const events: string[] = [];
  const broken = traced(events, "b", {
    start: () => Promise.reject(new Error("no port")),
  });
  const life = runner(events, [
    traced(events, "a"),
    broken,
    traced(events, "c"),
  ]);
  await assert.rejects(life.start(NEVER), /no port/);
  await life.stop();
  assert.deepEqual(events, ["start a", "start b", "stop b", "stop a"]);
});

Deno.test("a start that is given up stops what was begun", async () => {
  const events: string[] = [];
  const controller = new AbortController();
  const first = traced(events, "a", {
    start: () => {
      controller.abort(new Error("given up"));
      return Promise.resolve();
    },
  });
  const life = runner(events, [first, traced(events, "b")]);
  await assert.rejects(life.start(controller.signal), /given up/);
  assert.deepEqual(events, ["start a", "stop a"]);
});

Deno.test("a stop that fails does not keep others from stopping", async () => {
  const events: string[] = [];
  const broken = traced(events, "b", {
    stop: () => Promise.reject(new Error("stuck")),
  });
  const life = runner(events, [traced(events, "a"), broken]);
  await life.start(NEVER);
  await life.stop();
  assert.deepEqual(events.slice(2), ["stop b", "stop failed b", "stop a"]);
});

Deno.test("a stop or drain that hangs is left behind after its time", async () => {
  const events: string[] = [];
  const clock = new HandClock();
  const { promise, reject } = Promise.withResolvers<void>();
  const hanging = traced(events, "b", {
    drain: () => promise,
    stop: () => promise,
  });
  const life = runner(events, [traced(events, "a"), hanging], clock);
  await life.start(NEVER);
  const drained = life.drain(1000);
  clock.wake();
  await drained;
  const stopped = life.stop();
  clock.wake();
  await stopped;
  // What hung fails at last: it is logged, not thrown into the void.
  reject(new Error("late"));
  await Promise.allSettled([promise]);
  assert.deepEqual(events.slice(2), [
    "drain b",
    "drain took too long b",
    "drain a",
    "stop b",
    "stop took too long b",
    "stop a",
    "drain failed b",
    "stop failed b",
  ]);
});
