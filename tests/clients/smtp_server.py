"""A mail server with scripted answers: FOLDER PORT [ANSWER ...], each answer a code or `stall`.

Prints its port, then writes every message to FOLDER/taken.jsonl until it is killed.
"""

import asyncio
import email
import hashlib
import json
import pathlib
import sys

from aiosmtpd.controller import Controller

ANSWERS = {
    "250": "250 OK",
    "451": "451 4.3.0 try again later",
    "550": "550 5.1.1 no such mailbox",
}


class Ledger:
    def __init__(self, folder: pathlib.Path, script: list[str]) -> None:
        self.file = folder / "taken.jsonl"
        self.script = script

    async def handle_DATA(self, server, session, envelope) -> str:
        word = self.script.pop(0) if self.script else "250"
        answer = ANSWERS.get(word, "250 OK")
        message = email.message_from_bytes(envelope.original_content)
        line = {
            "mail_from": envelope.mail_from,
            "rcpt_to": envelope.rcpt_tos,
            "message_id": message["Message-ID"],
            "sha256": hashlib.sha256(envelope.original_content).hexdigest(),
            "headers": list(message.items()),
            "answer": word,
        }
        with self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if word == "stall":
            await asyncio.sleep(3600)
        return answer


def main() -> None:
    folder, port, *script = sys.argv[1:]
    ledger = Ledger(pathlib.Path(folder), script)
    controller = Controller(ledger, hostname="127.0.0.1", port=int(port))
    if int(port) == 0:
        import socket

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            controller.port = probe.getsockname()[1]
    controller.start()
    print(controller.port, flush=True)
    asyncio.new_event_loop().run_forever()


main()
