"""SMTP clients that show every reply whole, as a mail program gets it."""
import base64

from lab import expect
from mail import Lines, plain


class Smtp(Lines):
    """A session over a connected socket, the greeting read. `tls`: TLS comes first, as on port 465."""

    def __init__(self, connection, tls=False):
        super().__init__(connection, tls)
        self.greeting = self.reply()

    def read(self):
        """Nothing where the server has closed the connection, in whatever manner."""
        try:
            return super().read()
        except ConnectionResetError:
            return ""

    def reply(self):
        """A whole one: its last line has no hyphen behind its code. Nothing where the server has gone."""
        return self.read_until("(?!...-)")

    def command(self, text):
        self.send(text)
        return self.reply()

    def ehlo(self, name="client.example.net"):
        return self.command("EHLO " + name)

    def starttls(self):
        answer = self.command("STARTTLS")
        expect(answer.startswith("220 "), "STARTTLS was refused", answer)
        self.file.close()
        self.wrap()
        self.file = self.socket.makefile("rb")

    def auth_plain(self, user, password="secret"):
        return self.command("AUTH PLAIN " + plain(user, password))

    def auth_login(self, user, password="secret"):
        """The three replies to AUTH LOGIN."""
        return [self.command("AUTH LOGIN"), self.command(encoded(user)), self.command(encoded(password))]

    def close(self):
        """Says goodbye, and waits until the server has closed too."""
        try:
            self.send("QUIT")
            while self.read():
                pass
        except OSError:
            pass
        super().close()


class Submission(Smtp):
    """Of Dovecot's submission service, used as the clients of other protocols in mail.py are: no goodbye is said."""

    def __init__(self, connection, tls=False):
        super().__init__(connection, tls)
        self.ehlo()

    def login(self, user, password="secret"):
        return self.auth_plain(user, password)

    close = Lines.close


def encoded(text):
    return base64.b64encode(text.encode()).decode()
