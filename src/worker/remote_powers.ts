/** The optional powers of a storage in other workers; see `imap/powers.ts`. */
import {
  POWER_METHODS,
  type PowerHome,
  type StoragePowers,
} from "#src/imap/powers.ts";

/** Word for a power. */
export type PowerName = keyof StoragePowers;

/** What a stub has to know of a storage. Plain data. */
export interface StorageFacts {
  readonly powers: readonly PowerName[];
}

/** Makes a call in the worker where the power is at home. */
export type PowerCall = (
  home: PowerHome,
  method: string,
  request: unknown,
  signal: AbortSignal | undefined,
) => Promise<unknown>;

type Method = (request: unknown, signal?: AbortSignal) => Promise<unknown>;

/** Stubs of those powers that the storage has. */
export function remotePowers(
  names: readonly PowerName[],
  call: PowerCall,
): StoragePowers {
  const powers: Partial<Record<PowerName, Record<string, Method>>> = {};
  for (const name of names) {
    const methods: Record<string, Method> = {};
    for (const [method, home] of Object.entries(POWER_METHODS[name])) {
      methods[method] = (request, signal) =>
        call(home, `${name}.${method}`, request, signal);
    }
    powers[name] = methods;
  }
  return powers as unknown as StoragePowers;
}

/** Answers a stub; throws `TypeError` for what is no method of a power. */
export async function callPower(
  powers: StoragePowers,
  name: string,
  request: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const [power = "", method = ""] = name.split(".");
  if (!Object.hasOwn(POWER_METHODS, power)) throw noMethod(name);
  const known = POWER_METHODS[power as PowerName];
  const target = powers[power as PowerName];
  if (!Object.hasOwn(known, method) || target === undefined) {
    throw noMethod(name);
  }
  const methods = target as unknown as Record<string, Method>;
  return await methods[method]?.(request, signal);
}

function noMethod(name: string): TypeError {
  return new TypeError(`Storage has no method ${name}`);
}
