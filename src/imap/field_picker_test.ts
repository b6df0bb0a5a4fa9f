import assert from "node:assert/strict";
import { HeaderBlock } from "#src/message/header_block.ts";
import { FieldPicker } from "./field_picker.ts";

const HEADERS = [
  "From: a\r\nTo: b\r\n c\r\n\td\r\nSubject : x\r\n\r\n",
  "from:a\nTO:\n\n",
  "no field\r\nFrom: a\r\n: empty\r\n folded\r\nTo",
  " begins with a fold\r\nTo: x\r\n\r\n",
  "Fr\x00om: a\r\nT\xf6: b\r\nFrom\r\n : c\r\n\r\n",
  "",
  "\r\n",
  "To: a\r\nTo: b\r\nX: c\r\nTo: d",
];

/** The plain way. */
function expected(
  header: Uint8Array,
  names: string[],
  wanted: boolean,
): string {
  let text = "";
  for (const { name, start, end } of new HeaderBlock(header).fields) {
    if (names.includes(name) !== wanted) continue;
    text += String.fromCharCode(...header.subarray(start, end));
  }
  return `${text}\r\n`;
}

Deno.test("fields are picked as the header block has them", () => {
  for (const text of HEADERS) {
    const header = Uint8Array.from(text, (char) => char.charCodeAt(0));
    for (const names of [["to"], ["from", "subject"], ["x", "to"], []]) {
      for (const wanted of [true, false]) {
        const picker = new FieldPicker(names, wanted);
        const size = picker.pick(header);
        const picked = String.fromCharCode(...picker.bytes(size));
        assert.equal(picked, expected(header, names, wanted), text);
        assert.equal(size, picked.length);
      }
    }
  }
});
