import assert from "node:assert/strict";
import { reverseName } from "./reverse_name.ts";

Deno.test("reverseName turns IPv4 around", () => {
  assert.equal(reverseName("192.0.2.1"), "1.2.0.192.in-addr.arpa");
});

Deno.test("reverseName writes IPv6 as nibbles", () => {
  assert.equal(
    reverseName("2001:db8::567:89ab"),
    "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
  );
  assert.equal(reverseName("::1"), `1.${"0.".repeat(31)}ip6.arpa`);
  assert.equal(
    reverseName("1:2:3:4:5:6:7:8"),
    "8.0.0.0.7.0.0.0.6.0.0.0.5.0.0.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.ip6.arpa",
  );
});

Deno.test("reverseName takes a mapped address as IPv4", () => {
  assert.equal(reverseName("::ffff:192.0.2.1"), "1.2.0.192.in-addr.arpa");
  assert.equal(reverseName("::ffff:c000:201"), "1.2.0.192.in-addr.arpa");
});

Deno.test("reverseName refuses what is no address", () => {
  for (
    const text of [
      "",
      ".",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "01.2.3.4",
      "1.2.3.4 ",
      "::1::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7::8",
      "12345::",
      "g::1",
      ":1",
      "1:",
      "example.org",
    ]
  ) {
    assert.equal(reverseName(text), undefined, text);
  }
});
