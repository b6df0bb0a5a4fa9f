/** AUTH with the mechanisms of `src/sasl` that take a password. RFC 4954. */
import { LOGIN } from "#src/sasl/login.ts";
import type {
  SaslExchange,
  SaslMechanism,
  SaslStep,
} from "#src/sasl/mechanism.ts";
import { PLAIN } from "#src/sasl/plain.ts";
import { trySaslprep } from "#src/sasl/saslprep.ts";
import { encodeBase64, tryDecodeBase64 } from "#src/sasl/text.ts";
import { upperAscii } from "../command_grammar.ts";
import type { Dialogue } from "../dialogue.ts";
import { SMTP_LIMITS } from "../limits.ts";
import { SmtpError } from "../reply.ts";
import { REFUSALS, REPLIES } from "../replies.ts";

const MECHANISMS: ReadonlyMap<string, SaslMechanism> = new Map([
  [PLAIN.name, PLAIN],
  [LOGIN.name, LOGIN],
]);

/** Begins an exchange. */
export function auth(
  dialogue: Dialogue,
  argument: string,
): Promise<void> | undefined {
  const { facts, settings, backend } = dialogue;
  if (backend.login === undefined) throw REFUSALS.notHere();
  if (facts.tls === undefined && !settings.insecureAuth) {
    throw REFUSALS.authNeedsTls();
  }
  if (!facts.esmtp) throw REFUSALS.helloFirst();
  if (facts.user !== undefined) throw REFUSALS.authTwice();
  if (dialogue.transaction !== undefined) throw REFUSALS.alreadyMail();
  const [name = "", initial, extra] = argument.split(" ");
  if (extra !== undefined) throw REFUSALS.badArguments();
  const mechanism = MECHANISMS.get(upperAscii(name));
  if (mechanism === undefined) throw REFUSALS.authUnknown();
  const exchange = mechanism.begin();
  if (initial !== undefined) {
    // RFC 4954 section 4: "=" is an empty initial response.
    return respond(dialogue, exchange, initial === "=" ? "" : initial);
  }
  challenge(dialogue, exchange, mechanism.firstChallenge);
  return undefined;
}

/** Sends a challenge and takes the next line as its answer. */
function challenge(
  dialogue: Dialogue,
  exchange: SaslExchange,
  data: Uint8Array,
): void {
  dialogue.reply(`334 ${encodeBase64(data)}\r\n`);
  dialogue.transport.input.expectAnswer();
  dialogue.answer = (line): Promise<void> | undefined => {
    dialogue.answer = undefined;
    dialogue.transport.input.expectCommand();
    if (line === "*") throw REFUSALS.authCancelled();
    return respond(dialogue, exchange, line);
  };
}

function respond(
  dialogue: Dialogue,
  exchange: SaslExchange,
  text: string,
): Promise<void> | undefined {
  const data = tryDecodeBase64(text);
  if (data === undefined) throw REFUSALS.authMalformed();
  const step = exchange.respond(data);
  if (step.kind === "challenge") {
    challenge(dialogue, exchange, step.data);
    return undefined;
  }
  // Mechanisms that prove more than a password are not offered.
  if (step.kind !== "password") throw REFUSALS.authMalformed();
  return checkPassword(dialogue, step);
}

async function checkPassword(
  dialogue: Dialogue,
  step: SaslStep & { readonly kind: "password" },
): Promise<void> {
  const { backend, facts, services } = dialogue;
  const user = trySaslprep(step.user);
  if (user === undefined || user === "") throw REFUSALS.authMalformed();
  if (!services.loginLimits.mayTry(facts.remoteAddress, user)) {
    throw REFUSALS.authTooMany();
  }
  const isOther = step.authorization !== "" &&
    step.authorization !== step.user;
  const known = isOther
    ? undefined
    : await askBackend(dialogue, user, step.password);
  if (known !== undefined) {
    facts.user = known;
    dialogue.log.info("logged in", {
      remote: facts.remoteAddress,
      user,
      tls: facts.tls?.version ?? "none",
    });
    dialogue.forgiveErrors();
    return dialogue.reply(REPLIES.loggedIn);
  }
  services.loginLimits.failed(facts.remoteAddress, user);
  dialogue.log.warn("login refused", { remote: facts.remoteAddress, user });
  dialogue.authFailures++;
  if (backend.login === undefined) throw REFUSALS.notHere();
  dialogue.refuse(REFUSALS.authWrong());
  if (dialogue.authFailures < SMTP_LIMITS.authFailures) return;
  dialogue.refuse(REFUSALS.tooManyErrors());
}

/** Nobody can tell: that is temporary, whatever broke. */
async function askBackend(
  dialogue: Dialogue,
  user: string,
  password: string,
): Promise<unknown> {
  try {
    return await dialogue.backend.login?.(user, password);
  } catch (error) {
    if (error instanceof SmtpError) throw error;
    dialogue.log.warn("login not checked", { error });
    throw REFUSALS.authUnavailable();
  }
}
