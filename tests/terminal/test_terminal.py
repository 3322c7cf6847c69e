"""The terminal that the other tests type at does what terminal.py says."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
from lab import expect, main, same, test
from terminal import Terminal, TerminalError, is_running, width


def shell(script, **more):
    return Terminal(["sh", "-c", script], **more)


@test
def types_and_reads(_):
    with shell('printf "name? "; read -r name; echo "hello <$name>"; exit 3') as terminal:
        terminal.wait("name? ")
        terminal.text("Ålice -x ; $HOME Enter")
        terminal.keys("Enter")
        same(terminal.wait(re.compile("hello <.*>"))[-1], "hello <Ålice -x ; $HOME Enter>", "what was read")
        same(terminal.wait_end(), 3, "the exit status")
        same(terminal.screen()[-1], "hello <Ålice -x ; $HOME Enter>", "the screen, once the program has ended")


@test
def keys_arrive(_):
    with shell("stty -icanon -echo; echo ready; exec cat -v") as terminal:
        terminal.wait("ready")
        terminal.keys("Up", "Down", "Left", "Right", "Tab", "Escape", "BSpace")
        terminal.text("!")
        same(terminal.wait("!")[-1], "^[[A^[[B^[[D^[[C        ^[^?!", "what the keys send")


@test
def interrupt_and_end_of_file(_):
    with shell("echo ready; exec cat") as terminal:
        terminal.wait("ready")
        terminal.keys("C-c")
        same(terminal.wait_end(), -2, "ended by SIGINT")
    with shell("echo ready; cat; echo over") as terminal:
        terminal.wait("ready")
        terminal.keys("C-d")
        terminal.wait("over")
        same(terminal.wait_end(), 0, "the exit status")


# The signal is blocked until it is waited for: it may come as soon as the first size is seen.
SIZES = """import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
while True:
    print(os.get_terminal_size().lines, os.get_terminal_size().columns, flush=True)
    signal.sigwait([signal.SIGWINCH])
"""


@test
def has_the_size_that_it_is_given(_):
    for columns, rows in ((40, 24), (80, 24), (120, 40)):
        with Terminal([sys.executable, "-c", SIZES], columns=columns, rows=rows) as terminal:
            terminal.wait(f"{rows} {columns}")
            terminal.resize(50, 20)
            terminal.wait("20 50")


@test
def environment_is_what_is_given(_):
    os.environ["AP_NOT_FOR_IT"] = "1"
    with shell("env | sort; tty >/dev/null && echo at a terminal", term="dumb", env={"NO_COLOR": "1"}) as terminal:
        terminal.wait("at a terminal")
        names = {line.partition("=")[0] for line in terminal.written() if "=" in line}
        same(names - {"PWD", "SHLVL", "OLDPWD", "_"}, {"LC_ALL", "NO_COLOR", "PATH", "TERM", "TZ"}, "the names")
        expect("TERM=dumb" in terminal.written(), "TERM", terminal.written())


@test
def wide_lines_are_told(_):
    with shell("printf '%s\\n' 1234567890123456789012345678901234567890 äöü表表; echo " + "x" * 41, columns=40) as terminal:
        terminal.wait_end()
        same(terminal.too_wide(), ["x" * 41], "too wide")
        expect("äöü表表" in terminal.written(), "characters arrive", terminal.written())
        same(width("äöü表表"), 7, "columns")


@test
def what_has_left_the_screen_is_read(_):
    with shell("seq 1 300") as terminal:
        terminal.wait_end()
        same(terminal.written(), [str(n) for n in range(1, 301)], "all lines")


@test
def title_and_colours_are_seen(_):
    with shell(r"printf '\033]2;evil\033\\\033[31mred\033[0m\n'") as terminal:
        terminal.wait_end()
        same(terminal.title(), "evil", "the title")
        expect("\033[31mred" in terminal.coloured(), "the colour", repr(terminal.coloured()))


@test
def waiting_is_bounded_and_shows_the_screen(_):
    with shell("echo what is shown; read x", columns=40) as terminal:
        terminal.wait("what is shown")
        for wait in (lambda: terminal.wait("what is not", timeout_s=0.1), lambda: terminal.wait_end(timeout_s=0.1)):
            try:
                wait()
            except TerminalError as error:
                expect("|what is shown" in str(error) and "0.1 s have passed" in str(error), "the message", error)
            else:
                expect(False, "it came to an end")
    with shell("echo over") as terminal:
        try:
            terminal.wait("what is not")
        except TerminalError as error:
            expect("the program has ended" in str(error) and "|over" in str(error), "the message", error)
        else:
            expect(False, "it came to an end")


@test
def the_server_is_told_to_end_even_if_it_does_not_say_what_runs_in_it(_):
    told = []
    with shell("read x") as terminal:
        tell = terminal.tmux

        def tmux(*words):
            told.append(words[0])
            if words[0] == "display-message":
                raise TerminalError("no answer")
            return tell(*words)
        terminal.tmux = tmux
        server = terminal.pid
    same(told, ["display-message", "kill-server"], "what tmux was told")
    expect(not is_running(server), "the server has ended")


@test
def nothing_is_left_behind(_):
    try:
        with shell("trap '' HUP INT TERM; echo $$; while :; do sleep 1; done") as terminal:
            program = int(terminal.wait(re.compile("[0-9]+"))[0])
            server, folder, terminal.patience_s = terminal.pid, terminal.folder, 0.2
            raise KeyError("a test that fails")
    except KeyError:
        pass
    expect(not is_running(server) and not os.path.exists(folder), "the server and its folder are gone")
    expect(not is_running(program), "the program is gone, which does not end with its window")


main()
