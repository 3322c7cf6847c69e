"""An SMTP client that keeps the bytes of every reply, as a mail program gets them."""
import base64
import ssl

from lab import expect


class Smtp:
    """A session over a connected socket, the greeting read. `tls`: TLS comes first, as on port 465."""

    def __init__(self, connection, tls=False):
        self.connection = connection
        if tls:
            self.wrap()
        self.buffer = b""
        self.greeting = self.reply()

    def wrap(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.connection = context.wrap_socket(self.connection)

    def line(self):
        """One line with its end; what the server sent before it closed the connection, else."""
        while b"\n" not in self.buffer:
            try:
                got = self.connection.recv(1 << 16)
            except ConnectionResetError:
                got = b""
            if not got:
                line, self.buffer = self.buffer, b""
                return line
            self.buffer += got
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"

    def reply(self):
        """A whole reply; nothing where the server has closed the connection."""
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        return b"".join(lines).decode("utf-8", "backslashreplace")

    def send(self, raw):
        self.connection.sendall(raw)

    def command(self, text):
        self.send(text.encode() + b"\r\n")
        return self.reply()

    def ehlo(self, name="client.example.net"):
        return self.command("EHLO " + name)

    def starttls(self):
        answer = self.command("STARTTLS")
        expect(answer.startswith("220 "), "STARTTLS was refused", answer)
        self.wrap()

    def plain(self, user, password):
        return self.command("AUTH PLAIN " + encoded(f"\0{user}\0{password}"))

    def login(self, user, password):
        """The three replies to AUTH LOGIN."""
        return [self.command("AUTH LOGIN"), self.command(encoded(user)), self.command(encoded(password))]

    def close(self):
        """Says goodbye, and waits until the server has closed too."""
        try:
            self.send(b"QUIT\r\n")
            while self.line():
                pass
        except OSError:
            pass
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def encoded(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()
