/** What is remembered of logins. */
import assert from "node:assert/strict";
import type { StorageDriver } from "../driver.ts";
import { Addresses } from "./addresses.ts";
import { Login } from "./login.ts";

/** A login for one account, and how often a password was hashed. */
class Bench {
  now = 0;
  hashed = 0;
  /** What stands in the database. */
  record = "secret";
  readonly login: Login;

  constructor(rememberMs: number) {
    const read = (): Promise<unknown> =>
      Promise.resolve({
        name: "ann@example.org",
        state: "active",
        password: this.record,
      });
    this.login = new Login({
      driver: { read } as unknown as StorageDriver,
      addresses: new Addresses({
        hostname: "mx.example.org",
        domains: ["example.org"],
        postmaster: "postmaster@example.org",
      }),
      instance: "sqlmail",
      monotonic: () => this.now,
      rememberMs,
      check: (record, password) => {
        this.hashed++;
        return Promise.resolve(record === password);
      },
    });
  }

  async accepts(password: string): Promise<boolean> {
    return (await this.login.checkPlain("ann", password)).ok;
  }
}

Deno.test("a right password is hashed once in its time", async () => {
  const bench = new Bench(60_000);
  for (let n = 0; n < 5; n++) assert.ok(await bench.accepts("secret"));
  assert.equal(bench.hashed, 1);
  bench.now = 60_000;
  assert.ok(await bench.accepts("secret"));
  assert.equal(bench.hashed, 2);
});

Deno.test("a wrong password is hashed each time and changes nothing", async () => {
  const bench = new Bench(60_000);
  assert.ok(await bench.accepts("secret"));
  for (let n = 0; n < 3; n++) assert.ok(!await bench.accepts("wrong"));
  assert.equal(bench.hashed, 4);
  assert.ok(await bench.accepts("secret"));
  assert.equal(bench.hashed, 4);
});

Deno.test("a changed password is known at once", async () => {
  const bench = new Bench(60_000);
  assert.ok(await bench.accepts("secret"));
  bench.record = "another";
  assert.ok(!await bench.accepts("secret"));
  assert.ok(await bench.accepts("another"));
});

Deno.test("with 0 nothing is remembered", async () => {
  const bench = new Bench(0);
  for (let n = 0; n < 3; n++) assert.ok(await bench.accepts("secret"));
  assert.equal(bench.hashed, 3);
});
