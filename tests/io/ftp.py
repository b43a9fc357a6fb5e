"""An FTP server on loopback: one user, passive transfers, files to be read."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NAME, PASSWORD = "reader", "s3cret word"


class Session(socketserver.StreamRequestHandler):
    """One client."""

    files: dict[str, bytes]

    def handle(self) -> None:
        self.say("220 ready")
        passive: socket.socket | None = None
        while line := self.rfile.readline().decode().strip():
            word, _, value = line.partition(" ")
            match word.upper():
                case "USER":
                    self.say("331 password?")
                case "PASS":
                    self.say("230 welcome" if value == PASSWORD else f"530 {value} is no password")
                case "TYPE":
                    self.say("200 binary")
                case "PASV":
                    passive = socket.create_server(("127.0.0.1", 0))
                    high, low = divmod(passive.getsockname()[1], 256)
                    self.say(f"227 (127,0,0,1,{high},{low})")
                case "RETR" if value in self.files and passive:
                    self.say("150 here it comes")
                    with passive, passive.accept()[0] as line_out:
                        line_out.sendall(self.files[value])
                    self.say("226 done")
                case "RETR":
                    self.say("550 no such file")
                case "QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("502 unknown")

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def ftp_server(files: dict[str, bytes]) -> Iterator[str]:
    """Yield HOST:PORT of a server that holds these files by path."""
    handler = type("Files", (Session,), {"files": files})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
