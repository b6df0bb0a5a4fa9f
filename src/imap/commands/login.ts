/** LOGIN. RFC 9051 section 6.2.3. */
import { mayUsePasswords } from "#src/imap/capability.ts";
import { defineCommand } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import { completeLogin, loginWithPassword } from "#src/imap/login.ts";
import { tryDecodeUtf8 } from "#src/imap/wire/utf8.ts";

export const login = defineCommand({
  name: "LOGIN",
  states: ["notAuthenticated"],
  updates: "none",
  parse(cursor) {
    cursor.sp();
    const user = tryDecodeUtf8(cursor.astring()) ?? cursor.fail("user name");
    cursor.sp();
    const password = tryDecodeUtf8(cursor.astring()) ??
      cursor.fail("password");
    cursor.end();
    return { user, password };
  },
  async run(session, { user, password }) {
    if (!mayUsePasswords(session)) {
      throw new ImapError("NO", "Use STARTTLS first", "PRIVACYREQUIRED");
    }
    const account = await loginWithPassword(session, user, password);
    return await completeLogin(session, account);
  },
});
