/** The message that the account of `deno task dev` finds in its INBOX. */
export const DEV_WELCOME = `From: Epistle <postmaster@localhost>
To: Demo <demo@localhost>
Subject: Welcome to Epistle
Message-ID: <welcome@localhost>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

This message came in over SMTP on port 2525, went through the pipeline of
config/dev.conf and was on disk before it was answered with 250.

What to look at next:

  config/dev.conf        the configuration that runs here
  config/epistle.conf    the same with a word on everything
  docs/reference/        every module and directive
  docs/architecture.md   how it all fits together
`;
