"""A mail server for the tests: aiosmtpd.

The first line that it prints is {"listening": PORT}. Each further one is a message that it accepted, as
Python's email package reads it.
"""

import argparse
import asyncio
import email
import email.header
import email.policy
import email.utils
import json
import logging
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def addresses(header):
    return [it.addr_spec for it in header.addresses]


def sender(content):
    """The name and the address in `From`, by the older half of the package.

    The newer half puts a space between two encoded words of a name.
    """
    name, address = email.utils.parseaddr(email.message_from_bytes(content)["From"])
    return [str(email.header.make_header(email.header.decode_header(name))), address]


class Printing:
    """Prints messages. Refuses the recipients that the options name."""

    def __init__(self, options):
        self.refused = dict(it.split("=") for it in options.refuse)
        self.refused_once = dict(it.split("=") for it in options.refuse_once)

    async def handle_RCPT(self, server, session, envelope, address, options):
        code = self.refused.get(address) or self.refused_once.pop(address, None)
        if code is not None:
            return f"{code} {code[0]}.1.1 {address} is refused"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        say(self.read(session, envelope))
        return "250 2.0.0 accepted"

    def read(self, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        return {
            "mail_from": envelope.mail_from,
            "rcpt_tos": envelope.rcpt_tos,
            "login": session.auth_data.login.decode() if session.auth_data else None,
            "names": list(message.keys()),
            "headers": {name: str(value) for name, value in message.items()},
            "from": sender(envelope.content),
            "to": addresses(message["To"]),
            "content_type": message.get_content_type(),
            "charset": message.get_content_charset(),
            "text": message.get_content(),
            "defects": [repr(it) for it in message.defects]
            + [repr(it) for value in message.values() for it in value.defects],
            "longest_line": max(len(line) for line in envelope.content.split(b"\r\n")),
            "bytes": envelope.content.decode("ascii"),
        }


def authenticator(options):
    def authenticate(server, session, envelope, mechanism, data):
        is_right = (data.login.decode(), data.password.decode()) == (options.user, options.password)
        return AuthResult(success=is_right, handled=False, auth_data=data)

    return authenticate


async def serve(options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate, options.key)

    handler = Printing(options)

    def protocol():
        return SMTP(
            handler,
            hostname="mail.example.com",
            tls_context=None if options.implicit else context,
            require_starttls=not options.implicit,
            authenticator=authenticator(options),
            auth_required=True,
            # aiosmtpd does not count TLS from the start as TLS.
            auth_require_tls=not options.implicit,
            auth_exclude_mechanism=options.without,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", options.port, ssl=context if options.implicit else None)
    say({"listening": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


if __name__ == "__main__":
    # aiosmtpd warns of what it deprecates in itself, for each message.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", required=True, help="PEM file")
    parser.add_argument("--key", required=True, help="PEM file of the certificate's key")
    parser.add_argument("--implicit", action="store_true", help="TLS from the start instead of STARTTLS")
    parser.add_argument("--user", required=True, help="the user who can sign in")
    parser.add_argument("--password", required=True, help="the user's password")
    parser.add_argument("--port", type=int, default=0, help="where to listen; by default on a free port")
    parser.add_argument("--refuse", action="append", default=[], help="ADDRESS=CODE for a recipient")
    parser.add_argument("--refuse-once", action="append", default=[], help="the same for its first time")
    parser.add_argument("--without", action="append", default=[], help="a mechanism of AUTH that it lacks")
    asyncio.run(serve(parser.parse_args()))
