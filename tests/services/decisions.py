"""The line that the module logs of a decision, as the tests expect it."""
FILE = "/etc/accesspolicy/conf.d/50-test.conf"
NONE = object()


def quoted(text):
    return "-" if text in (None, NONE) else f'"{text}"'


class Because:
    """Why a login was decided as it was: its reason, and the policy, which stands on that line of the file."""

    def __init__(self, policy=None, line=0, reason="blacklisted", unknown=None, file=FILE):
        self.reason = "default" if policy is None else reason
        self.verdict = "allow" if self.reason in ("default", "whitelisted") else "deny"
        self.unknown = quoted(unknown)
        self.where = f"policy={quoted(policy)} file={quoted(None if policy is None else file)} line={line}"

    def __str__(self):
        return f"decision={self.verdict} reason={self.reason} {self.where}"


def because_in(text, policy=None, reason="blacklisted", unknown=None):
    """The same, by a policy of this text, which is the file's; None: by none."""
    lines = enumerate(text.splitlines(), 1)
    line = 0 if policy is None else next(i for i, line in lines if f'name = "{policy}"' in line)
    return Because(policy, line, reason, unknown)


def decision(service, because, user, ip, *, client, phase="account", **facts):
    """`client`: the type, and where it comes from. `facts` are those that the service tells: rhost is the address, unless it
    is given; NONE is none."""
    return (f"{service}:{phase}: {because} "
            f'user="{user}" ip={ip} rhost={quoted(facts.get("rhost", ip))} client="{client[0]}" client_source={client[1]} '
            f'service="{service}" tty={quoted(facts.get("tty"))} ruser={quoted(facts.get("ruser"))} '
            f"would=- unknown={because.unknown}")


def by_dovecot(service, because, user, ip, client="third-party", member=None, rhost=None):
    """Of a login that Dovecot asks about: `user` is who logs in, `member` who that is to the policy."""
    return decision(service, because, f"{user}@example.com" if member is None else member, ip, client=(client, "given"),
                    phase="auth", rhost=ip if rhost is None else rhost, tty="dovecot", ruser=user)
