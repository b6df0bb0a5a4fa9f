/**
 * The part of the way that every message of a connection or transaction takes,
 * whatever its recipients: filters there run before the first RCPT.
 */
import { SmtpError } from "#src/smtp/reply.ts";
import type { FilterOp, Op, SenderOp } from "./compile_steps.ts";
import type { Facts } from "./facts.ts";

/** Told of what lies on the way, in order. */
export interface SureVisitor {
  filter(op: FilterOp): void;
  sender?(op: SenderOp): Promise<void>;
}

/** Refusal of a session that has to log in first. RFC 4954 section 6. */
export function authRequired(): SmtpError {
  return new SmtpError(530, "7.0", "Authentication required");
}

/**
 * Walks until something depends on what is not known yet. A block that cannot
 * be decided is passed over where nothing in it ends the way. Throws what
 * refuses every message (`reject`, `require-auth`) once the session is settled.
 */
export async function walkSure(
  ops: readonly Op[],
  facts: Facts,
  visitor: SureVisitor,
): Promise<"end" | "go"> {
  for (const op of ops) {
    switch (op.kind) {
      case "filter":
        visitor.filter(op);
        break;
      case "rewrite-from":
        // Conditions after it ask for the new sender: unknown until MAIL.
        if (facts.settled) await visitor.sender?.(op);
        break;
      case "match": {
        const test = op.test(facts);
        const truth = test instanceof Promise ? await test : test;
        if (truth === undefined && op.mayEnd) return "end";
        if (
          truth === true && await walkSure(op.ops, facts, visitor) === "end"
        ) {
          return "end";
        }
        break;
      }
      case "stop":
        return "end";
      case "reject":
        if (facts.settled) throw op.error;
        return "end";
      case "require-auth":
        if (!facts.settled) return "end";
        if (facts.session.identity === undefined) throw authRequired();
    }
  }
  return "go";
}
