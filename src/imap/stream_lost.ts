/** The stream can not be continued: an announced literal was not completed. */
import { MailError } from "#src/errors/errors.ts";

/** Ends the connection without another word. */
export class StreamLost extends MailError {}
