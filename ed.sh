#!/bin/sh
f="$2"
case $1 in
sym) rm "$f"; ln -s /etc/shadow "$f";;
fifo) rm "$f"; mkfifo "$f";;
dir) rm "$f"; mkdir "$f";;
dirs) rm "$f"; mkdir "$f"; touch "$f/x"; mkdir "${f%/*}/sub";;
huge) head -c 70000000 /dev/zero | tr '\0' ' ' > "$f";;
sparse) truncate -s 100G "$f";;
dev) rm "$f"; cp -a /dev/zero "$f";;
nul) printf 'a\0b' > "$f";;
gone) rm "$f";;
esc) printf '{ name="\033]0;pwned\007"; type="blacklist"; scope={all=true;}; }\n' > "$f";;
esc2) printf '{ name="a\\x1b[31mX"; type="blacklist"; scope={all=true;}; }\n' > "$f";;
inc) printf '{ name="a"; type="blacklist"; scope={all=true;}; }\n@include "/etc/shadow"\n' > "$f";;
nested) python3 -c "print('{ a='+'('*100000)" > "$f";;
two) printf '{ name="p"; type="blacklist"; scope={members=["nobody@example.com"];}; } ); exceptions = ( { name="x"; policies=["p"]; members=["a@"]; not_after="2030-01-01T00:00:00Z"; } \n' > "$f";;
assert) printf '{ name="p"; type="blacklist"; scope={members=["nobody@example.com"];}; comment="y"; } ); undetermined = "allow"; policies2 = ( \n' > "$f";;
strs) printf '{ name="p" /* @include "x" */ "q"\n"r"; type="blacklist"; scope={members=["nobody@example.com"];}; }\n' > "$f";;
kill) kill -9 $$;;
killp) kill -TERM $PPID; sleep 1; echo x >> "$f";;
rmdir) rm -r "${f%/*}";;
esac
