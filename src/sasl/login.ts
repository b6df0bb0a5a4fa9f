/** LOGIN, which no standard describes but old clients speak. */
import type { SaslExchange, SaslMechanism, SaslStep } from "./mechanism.ts";
import { tryDecodeText } from "./text.ts";

const ASK_USER = new TextEncoder().encode("Username:");
const ASK_PASSWORD = new TextEncoder().encode("Password:");

/** The mechanism. */
export const LOGIN: SaslMechanism = {
  name: "LOGIN",
  isPlaintext: true,
  firstChallenge: ASK_USER,
  begin: () => new LoginExchange(),
};

class LoginExchange implements SaslExchange {
  #user: string | undefined;

  respond(data: Uint8Array): SaslStep {
    return this.#step(data);
  }

  #step(data: Uint8Array): SaslStep {
    const text = tryDecodeText(data);
    if (text === undefined) return { kind: "malformed" };
    if (this.#user === undefined) {
      if (text === "") return { kind: "malformed" };
      this.#user = text;
      return { kind: "challenge", data: ASK_PASSWORD };
    }
    return {
      kind: "password",
      authorization: "",
      user: this.#user,
      password: text,
    };
  }
}
