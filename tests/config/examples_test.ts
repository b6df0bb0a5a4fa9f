/** Every configuration that operators are given is right and formatted. */
import assert from "node:assert/strict";
import { DISK_SOURCE } from "#src/config/disk_source.ts";
import { memorySource } from "#src/config/memory_source.ts";
import { formatConfig } from "#src/config/format_config.ts";
import { loadConfiguration } from "#src/module/load_configuration.ts";
import { Registry } from "#src/module/registry.ts";
import { MODULES } from "#src/modules.ts";

const FOLDER = new URL("../../config/", import.meta.url).pathname;

for (const folder of [FOLDER, `${FOLDER}examples/`]) {
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(".conf")) continue;
    Deno.test(`${name} is right and formatted`, async () => {
      const file = `${folder}${name}`;
      const loaded = loadConfiguration(
        DISK_SOURCE,
        file,
        Registry.from(MODULES),
        { hostname: "h", cores: 2, folder },
      );
      assert.deepEqual(loaded.ok ? [] : loaded.errors, []);
      const text = await Deno.readTextFile(file);
      const formatted = formatConfig(text, file);
      assert.ok(formatted.ok && formatted.text === text, "epistle fmt --write");
    });
  }
}

Deno.test("the configuration of README.md is right and formatted", async () => {
  const page = await Deno.readTextFile(`${FOLDER}../README.md`);
  const blocks = [...page.matchAll(/^```\n(hostname .*?)^```$/gms)];
  assert.ok(blocks.length > 0, "the page has lost its example");
  for (const [, text = ""] of blocks) {
    const file = "README.conf";
    const loaded = loadConfiguration(
      memorySource({ [file]: text }),
      file,
      Registry.from(MODULES),
      { hostname: "h", cores: 2, folder: "/etc/epistle" },
    );
    assert.deepEqual(loaded.ok ? [] : loaded.errors, []);
    const formatted = formatConfig(text, file);
    assert.ok(formatted.ok);
    assert.equal(formatted.text, text);
  }
});
