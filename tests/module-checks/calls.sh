#!/bin/sh
# calls.sh OBJECT MARK FUNCTION… - calls MARK, by which it is known to be what was meant, and but for the FUNCTIONs
# nothing that would change or end the process that it is loaded into, asks DNS, or that threads cannot share.
set -eu

object=$1
mark=$2
shift 2
excused=$(printf '%s\n' "$@")
calls=$(nm -D --undefined-only --format=posix "$object" | cut -d ' ' -f 1 | sed 's/@.*//')
failed=0

is_called() {
	printf '%s\n' "$calls" | grep -qx "$1"
}

# refuse WHY FUNCTION…
refuse() {
	why=$1
	shift
	for function in "$@"; do
		if is_called "$function" && ! printf '%s\n' "$excused" | grep -qx "$function"; then
			echo "calls $function, which $why"
			failed=1
		fi
	done
}

if ! is_called "$mark"; then
	echo "does not call $mark: is this what was to be looked at?"
	exit 1
fi
refuse 'ends the process' exit quick_exit abort __assert_fail err errx
refuse 'changes the process for its host' atexit on_exit __cxa_atexit signal sigaction sigprocmask pthread_sigmask \
	alarm setitimer setrlimit setrlimit64 setpgid prctl setlocale uselocale setenv unsetenv putenv clearenv chdir \
	fchdir umask setuid seteuid setgid setegid openlog closelog
refuse 'is for the object that reads the files' fork vfork clone syscall execve posix_spawn waitpid waitid kill _exit
refuse 'reads the environment, which a user may have written' getenv secure_getenv
refuse 'runs a shell' system popen wordexp
refuse 'asks DNS' getaddrinfo getnameinfo gethostbyname gethostbyname2 gethostbyaddr gethostbyname_r
refuse 'threads cannot share' strtok localtime gmtime ctime asctime getpwnam getpwuid getgrnam getgrgid \
	readdir_r rand random inet_ntoa
exit $failed
