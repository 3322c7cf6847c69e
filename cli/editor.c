#include "editor.h"

#include "../lib/login/file.h"
#include "../lib/make/load.h"
#include "../lib/make/write.h"
#include "screen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Those that end the process; the first two come from keys. */
static const int ending_signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };
enum { N_SIGNALS = sizeof(ending_signals) / sizeof(ending_signals[0]), N_KEYS = 2 };

struct ap_editor {
	const char *folder;
	const char *name;
	const char *path;
	int fd; /* the folder */
	struct sigaction before[N_SIGNALS];
};

/*
 * When a signal comes. All of it is safe in a handler (signal-safety(7)).
 */

static struct {
	const char *folder;
	const char *path;
	const char *kept; /* what is said where the file stays */
	struct stat written;
	volatile sig_atomic_t child;
} at_signal;

/* Or gone. */
static bool is_untouched(void)
{
	const struct stat *written = &at_signal.written;
	struct stat info;

	if (stat(at_signal.path, &info) != 0)
		return true;
	return info.st_ino == written->st_ino && info.st_size == written->st_size &&
	       info.st_mtim.tv_sec == written->st_mtim.tv_sec && info.st_mtim.tv_nsec == written->st_mtim.tv_nsec;
}

static void handle_signal(int number)
{
	if (at_signal.child > 0)
		(void)kill((pid_t)at_signal.child, number);
	if (is_untouched()) {
		(void)unlink(at_signal.path);
		(void)rmdir(at_signal.folder);
	} else if (write(STDERR_FILENO, at_signal.kept, strlen(at_signal.kept)) < 0) {
		/* there is nobody to tell */
	}
	(void)signal(number, SIG_DFL);
	(void)raise(number);
}

static void set_action(int number, void (*handler)(int), struct sigaction *ret_before)
{
	struct sigaction action = { .sa_handler = handler };

	(void)sigemptyset(&action.sa_mask);
	for (int i = 0; i < N_SIGNALS; i++)
		(void)sigaddset(&action.sa_mask, ending_signals[i]);
	(void)sigaction(number, &action, ret_before);
}

static bool is_ignored(const struct sigaction *action)
{
	return action->sa_handler == SIG_IGN;
}

/* What was ignored before, as by nohup(1), still is. */
static void watch_signals(ap_editor *editor, ap_arena *arena)
{
	at_signal.folder = editor->folder;
	at_signal.path = editor->path;
	at_signal.kept = ap_format(arena, "\nThe text is kept in %s\n", ap_printable(arena, editor->path));
	(void)fstatat(editor->fd, editor->name, &at_signal.written, 0);
	for (int i = 0; i < N_SIGNALS; i++) {
		set_action(ending_signals[i], handle_signal, &editor->before[i]);
		if (is_ignored(&editor->before[i]))
			(void)sigaction(ending_signals[i], &editor->before[i], NULL);
	}
}

static void leave_signals(const ap_editor *editor)
{
	for (int i = 0; i < N_SIGNALS; i++)
		(void)sigaction(ending_signals[i], &editor->before[i], NULL);
}

/*
 * The file
 */

static ap_status write_file(const ap_editor *editor, const char *text, ap_error *error)
{
	int fd = openat(editor->fd, editor->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ap_status status = AP_OK;

	if (fd < 0)
		return ap_error_set(error, AP_ERR_IO, editor->path, 0, "cannot be written: %s", strerror(errno));
	if (!ap_write_all(fd, text, strlen(text), NULL))
		status = ap_error_set(error, AP_ERR_IO, editor->path, 0, "cannot be written: %s", strerror(errno));
	if (close(fd) != 0 && status == AP_OK)
		status = ap_error_set(error, AP_ERR_IO, editor->path, 0, "cannot be written: %s", strerror(errno));
	return status;
}

/* Editors leave files of their own beside it. */
static void remove_all(const ap_editor *editor)
{
	int fd = fcntl(editor->fd, F_DUPFD_CLOEXEC, 0);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (folder == NULL && fd >= 0)
		(void)close(fd);
	if (folder != NULL)
		rewinddir(folder);
	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(editor->fd, entry->d_name, 0);
	if (folder != NULL)
		(void)closedir(folder);
	(void)rmdir(editor->folder);
}

static char *make_folder(ap_arena *arena, ap_error *error)
{
	const char *parent = getenv("TMPDIR");
	char *folder;

	if (parent == NULL || parent[0] != '/')
		parent = "/tmp";
	folder = ap_arena_strdup(arena, ap_format(arena, "%s/accesspolicy.XXXXXX", parent));
	if (mkdtemp(folder) != NULL)
		return folder;
	ap_error_set(error, AP_ERR_IO, parent, 0, "no folder can be made there for the text to be edited: %s",
		     strerror(errno));
	return NULL;
}

ap_status ap_editor_begin(ap_arena *arena, const char *name, const char *text, ap_editor **ret_editor, ap_error *error)
{
	ap_editor *editor = ap_arena_alloc(arena, sizeof(*editor));
	ap_status status;

	editor->name = ap_arena_strdup(arena, name);
	editor->folder = make_folder(arena, error);
	if (editor->folder == NULL)
		return AP_ERR_IO;
	editor->path = ap_format(arena, "%s/%s", editor->folder, name);
	/* nobody else can have put another folder in its place, or could do so later */
	status = ap_folder_open(editor->folder, &editor->fd, error);
	if (status != AP_OK) {
		(void)rmdir(editor->folder);
		return status;
	}
	status = write_file(editor, text, error);
	if (status != AP_OK) {
		remove_all(editor);
		(void)close(editor->fd);
		return status;
	}
	watch_signals(editor, arena);
	*ret_editor = editor;
	return AP_OK;
}

const char *ap_editor_path(const ap_editor *editor)
{
	return editor->path;
}

void ap_editor_end(ap_editor *editor, bool keep)
{
	if (editor == NULL)
		return;
	if (!keep)
		remove_all(editor);
	leave_signals(editor);
	(void)close(editor->fd);
}

/*
 * The editor
 */

/* A command alone can take the shell's place, and then gets the signals. */
static bool is_one_command(const char *value)
{
	const char *word = value + strspn(value, " \t");
	const char *equals = strchr(word, '=');

	return strpbrk(value, ";&|()<>\n") == NULL && (equals == NULL || equals > word + strcspn(word, " \t"));
}

/* As git(1) does it: the shell splits what the variable says, and has the path as an argument. */
static const char *script(ap_arena *arena)
{
	const char *names[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[strspn(value, " \t")] != '\0')
			return ap_format(arena, "%s%s \"$1\"", is_one_command(value) ? "exec " : "", value);
	}
	return "for editor in sensible-editor editor vi; do command -v $editor >/dev/null && exec $editor \"$1\"; done; "
	       "echo 'There is no editor; name one in $EDITOR.' >&2; exit 127";
}

/* With signals as a program expects them that a shell has started. */
static int spawn(const ap_editor *editor, const char *command, const sigset_t *mask, pid_t *ret_child)
{
	const char *const words[] = { "sh", "-c", command, "sh", editor->path, NULL };
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int failure;

	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGXFSZ);
	for (int i = 0; i < N_SIGNALS; i++)
		if (!is_ignored(&editor->before[i]))
			(void)sigaddset(&defaults, ending_signals[i]);
	failure = posix_spawnattr_init(&attributes);
	if (failure != 0)
		return failure;
	(void)posix_spawnattr_setsigdefault(&attributes, &defaults);
	(void)posix_spawnattr_setsigmask(&attributes, mask);
	(void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	failure = posix_spawn(ret_child, "/bin/sh", NULL, &attributes, (char **)(uintptr_t)words, environ);
	(void)posix_spawnattr_destroy(&attributes);
	return failure;
}

static ap_status judge(int how, ap_error *error)
{
	if (WIFEXITED(how) && WEXITSTATUS(how) == 0)
		return AP_OK;
	if (WIFSIGNALED(how))
		return ap_error_set(error, AP_ERR_IO, "", 0, "the editor was ended by signal %d, %s", WTERMSIG(how),
				    strsignal(WTERMSIG(how)));
	return ap_error_set(error, AP_ERR_IO, "", 0, "the editor failed, with status %d", WEXITSTATUS(how));
}

/* The keys that interrupt are the editor's as long as it runs. */
static ap_status run(const ap_editor *editor, const char *command, ap_error *error)
{
	struct sigaction keys[N_KEYS];
	sigset_t blocked, mask;
	pid_t child = -1;
	int failure, how = 0;

	(void)sigemptyset(&blocked);
	for (int i = 0; i < N_SIGNALS; i++)
		(void)sigaddset(&blocked, ending_signals[i]);
	(void)sigprocmask(SIG_BLOCK, &blocked, &mask);
	for (int i = 0; i < N_KEYS; i++)
		set_action(ending_signals[i], SIG_IGN, &keys[i]);
	failure = spawn(editor, command, &mask, &child);
	at_signal.child = failure == 0 ? (sig_atomic_t)child : 0;
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
	while (failure == 0 && waitpid(child, &how, 0) < 0)
		if (errno != EINTR)
			failure = errno;
	at_signal.child = 0;
	for (int i = 0; i < N_KEYS; i++)
		(void)sigaction(ending_signals[i], &keys[i], NULL);
	if (failure != 0)
		return ap_error_set(error, AP_ERR_IO, "", 0, "the editor cannot be run: %s", strerror(failure));
	return judge(how, error);
}

static ap_status read_file(const ap_editor *editor, ap_arena *arena, const char **ret_text, ap_error *error)
{
	int fd = openat(editor->fd, editor->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	ap_status status;
	char *text;
	size_t size;

	if (fd < 0)
		return ap_error_set(error, AP_ERR_IO, editor->path, 0, "cannot be read any more: %s", strerror(errno));
	status = ap_file_read_descriptor(fd, editor->path, AP_POLICY_FILE_MAX, &text, &size, error);
	(void)close(fd);
	if (status != AP_OK)
		return status;
	if (strlen(text) != size)
		status = ap_error_set(error, AP_ERR_POLICY, editor->path, 0,
				      "has a NUL byte in it; expected text alone");
	else
		*ret_text = ap_arena_strdup(arena, text);
	free(text);
	return status;
}

ap_status ap_editor_run(ap_editor *editor, ap_arena *arena, const char **ret_text, ap_error *error)
{
	ap_status status = run(editor, script(arena), error);

	return status == AP_OK ? read_file(editor, arena, ret_text, error) : status;
}
