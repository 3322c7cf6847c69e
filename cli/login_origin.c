#include "login_origin.h"

#include "screen.h"
#include "who.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

enum {
	ANCESTORS_MAX = 128,
	USERS_MAX = 8,
	PLACES_MAX = 8,
	FIELD_MAX = 256,                    /* of a name or an address, with its NUL byte */
	ENVIRONMENT_MAX = 16 * 1024 * 1024, /* execve(2) takes 6 MiB */
};

/* Where a login came from, and what tells so. */
typedef struct {
	const char *address; /* NULL: at the machine itself */
	const char *service;
	const char *tty;
	const char *found;
} place;

typedef struct {
	ap_arena *arena;
	const char *users[USERS_MAX];
	size_t n_users;
	place places[PLACES_MAX];
	size_t n_places;
} origin;

static void add_user(origin *o, const char *name)
{
	if (name == NULL || name[0] == '\0' || o->n_users == USERS_MAX)
		return;
	for (size_t i = 0; i < o->n_users; i++)
		if (strcmp(o->users[i], name) == 0)
			return;
	o->users[o->n_users++] = ap_arena_strdup(o->arena, name);
}

static void add_uid(origin *o, uid_t uid)
{
	const struct passwd *entry = getpwuid(uid);

	add_user(o, entry != NULL ? entry->pw_name : NULL);
}

static bool is_same(const place *a, const place *b)
{
	if (strcmp(a->service, b->service) != 0)
		return false;
	if (a->address == NULL || b->address == NULL)
		return a->address == b->address && strcmp(a->tty, b->tty) == 0;
	return strcmp(a->address, b->address) == 0;
}

static void add_place(origin *o, place found)
{
	if (o->n_places == PLACES_MAX)
		return;
	for (size_t i = 0; i < o->n_places; i++)
		if (is_same(&o->places[i], &found))
			return;
	o->places[o->n_places++] = found;
}

static void add_remote(origin *o, const char *address, const char *found)
{
	add_place(o, (place){ .address = ap_arena_strdup(o->arena, address),
			      .service = "sshd",
			      .tty = "ssh", /* what sshd tells PAM */
			      .found = found });
}

static void add_local(origin *o, const char *line, const char *found)
{
	add_place(o, (place){ .service = "login", .tty = ap_arena_strdup(o->arena, line), .found = found });
}

/* "CLIENT PORT SERVER PORT"; where sshd does not know the client it writes UNKNOWN, and so would PAM be told. */
static void add_ssh_connection(origin *o, const char *value, const char *found)
{
	char address[FIELD_MAX];
	size_t length = strcspn(value, " ");

	if (length == 0)
		return;
	if (length >= sizeof(address))
		length = sizeof(address) - 1;
	memcpy(address, value, length);
	address[length] = '\0';
	add_remote(o, address, found);
}

/*
 * Terminals
 */

/* The address that the entry has beside the host's name; "" where it has none. */
static void address_of(const struct utmpx *entry, char address[FIELD_MAX])
{
	const int32_t *numbers = entry->ut_addr_v6;
	bool is_ipv4 = numbers[1] == 0 && numbers[2] == 0 && numbers[3] == 0;

	address[0] = '\0';
	if (is_ipv4 && numbers[0] == 0)
		return;
	(void)inet_ntop(is_ipv4 ? AF_INET : AF_INET6, numbers, address, FIELD_MAX);
}

/* The fields of an entry need not end in a NUL byte. */
static void copy_field(char copy[FIELD_MAX], const char *field, size_t size)
{
	size_t length = strnlen(field, size < FIELD_MAX ? size : FIELD_MAX - 1);

	memcpy(copy, field, length);
	copy[length] = '\0';
}

/*
 * What stands in ut_host: nothing, or a display such as ":0", for a login at the machine; an address or a host's name,
 * which mosh puts words behind; or what screen, tmux and their like write, which tells of no login.
 */
static void add_host(origin *o, const char *host, const char *line, const char *found)
{
	char word[FIELD_MAX];
	size_t length = strcspn(host, " ");
	ap_address ignored;

	memcpy(word, host, length);
	word[length] = '\0';
	if (host[0] == '\0' || host[0] == ':')
		add_local(o, line, found);
	else if (ap_address_parse(word, &ignored) || (host[length] == '\0' && strpbrk(word, "():[]") == NULL))
		add_remote(o, word, found);
}

/* False where utmp has no entry of a login there. */
static bool add_entry(origin *o, const char *line)
{
	char user[FIELD_MAX], host[FIELD_MAX], address[FIELD_MAX];
	const char *found = ap_format(o->arena, "the entry of %s in utmp", ap_printable(o->arena, line));
	const struct utmpx *entry;
	struct utmpx asked = { .ut_type = USER_PROCESS };

	if (strlen(line) >= sizeof(asked.ut_line))
		return false;
	memcpy(asked.ut_line, line, strlen(line));
	setutxent();
	entry = getutxline(&asked);
	if (entry != NULL && entry->ut_type == USER_PROCESS) {
		copy_field(user, entry->ut_user, sizeof(entry->ut_user));
		copy_field(host, entry->ut_host, sizeof(entry->ut_host));
		address_of(entry, address);
		add_user(o, user);
		if (address[0] != '\0')
			add_remote(o, address, found);
		else
			add_host(o, host, line, found);
	} else {
		entry = NULL;
	}
	endutxent();
	return entry != NULL;
}

/* A terminal that is no pseudo-terminal is the machine's own, whether or not utmp knows who is at it. */
static void add_terminal(origin *o, unsigned device)
{
	/* as proc(5) has it */
	unsigned major = (device >> 8) & 0xfff, minor = (device & 0xff) | ((device >> 12) & 0xfff00);
	bool is_pseudo = major >= 136 && major <= 143;
	char link[64], target[FIELD_MAX];
	const char *line;
	ssize_t length;

	if (device == 0)
		return;
	if (is_pseudo) {
		(void)add_entry(o, ap_format(o->arena, "pts/%u", (major - 136) * 256 + minor));
		return;
	}
	(void)snprintf(link, sizeof(link), "/sys/dev/char/%u:%u", major, minor);
	length = readlink(link, target, sizeof(target) - 1);
	target[length > 0 ? length : 0] = '\0';
	line = strrchr(target, '/');
	line = line != NULL ? line + 1 : "console";
	if (!add_entry(o, line))
		add_local(o, line, ap_format(o->arena, "the terminal %s", ap_printable(o->arena, line)));
}

/*
 * Processes
 */

typedef struct {
	int folder; /* /proc/PID, open: what is read there is of this process, or fails, though its number is given away */
	pid_t pid;
	pid_t parent;
	unsigned terminal;
	char name[FIELD_MAX];
	char ssh_connection[FIELD_MAX]; /* "": none */
	char sudo_user[FIELD_MAX];
} process;

/* Whole, with a NUL byte at its end; false where it cannot be read. */
static bool read_short(int folder, const char *name, char *text, size_t size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (fd >= 0)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* "PID (NAME) STATE PARENT GROUP SESSION TERMINAL …"; the name may hold anything. */
static bool read_stat(process *p)
{
	char text[4096];
	const char *open, *close;
	int parent, terminal;

	if (!read_short(p->folder, "stat", text, sizeof(text)))
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (open == NULL || close == NULL || close < open ||
	    sscanf(close + 1, " %*c %d %*d %*d %d", &parent, &terminal) != 2)
		return false;
	p->parent = (pid_t)parent;
	p->terminal = (unsigned)terminal;
	copy_field(p->name, open + 1, (size_t)(close - open - 1));
	return true;
}

static void take_variable(process *p, const char *entry)
{
	static const char ssh[] = "SSH_CONNECTION=", sudo[] = "SUDO_USER=";

	if (strncmp(entry, ssh, sizeof(ssh) - 1) == 0)
		copy_field(p->ssh_connection, entry + sizeof(ssh) - 1, SIZE_MAX);
	else if (strncmp(entry, sudo, sizeof(sudo) - 1) == 0)
		copy_field(p->sudo_user, entry + sizeof(sudo) - 1, SIZE_MAX);
}

/* The environment that it was started with, of whatever size; of each entry as much as can matter. */
static void read_environment(process *p)
{
	int fd = openat(p->folder, "environ", O_RDONLY | O_CLOEXEC);
	char entry[2 * FIELD_MAX], piece[8192];
	size_t length = 0, total = 0;
	ssize_t n;

	while (fd >= 0 && total < ENVIRONMENT_MAX && (n = read(fd, piece, sizeof(piece))) > 0) {
		total += (size_t)n;
		for (ssize_t i = 0; i < n; i++) {
			if (piece[i] != '\0') {
				if (length < sizeof(entry) - 1)
					entry[length++] = piece[i];
				continue;
			}
			entry[length] = '\0';
			take_variable(p, entry);
			length = 0;
		}
	}
	if (fd >= 0)
		(void)close(fd);
}

static bool open_process(process *ret_process, const char *path, pid_t pid)
{
	*ret_process = (process){ .folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .pid = pid };
	if (ret_process->folder >= 0 && read_stat(ret_process))
		return true;
	if (ret_process->folder >= 0)
		(void)close(ret_process->folder);
	return false;
}

/* Is that still the number of its parent? Then it was so all along: the parent that was looked at is it. */
static bool is_parent(process *child, pid_t pid)
{
	return read_stat(child) && child->parent == pid;
}

static void take_process(origin *o, const process *p)
{
	struct stat info;

	if (p->ssh_connection[0] != '\0') {
		add_ssh_connection(o, p->ssh_connection,
				   ap_format(o->arena, "SSH_CONNECTION of process %d, %s,", (int)p->pid,
					     ap_printable(o->arena, p->name)));
		if (fstat(p->folder, &info) == 0)
			add_uid(o, info.st_uid);
	}
	add_user(o, p->sudo_user);
	add_terminal(o, p->terminal);
}

/* Up to the first process, or the first that cannot be looked at. */
static void take_ancestors(origin *o)
{
	process child, parent;
	char path[64];

	if (!open_process(&child, "/proc/self", getpid()))
		return;
	add_terminal(o, child.terminal);
	for (int i = 0; i < ANCESTORS_MAX && child.parent > 0; i++) {
		pid_t pid = child.parent;

		(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
		if (!open_process(&parent, path, pid))
			break;
		read_environment(&parent);
		if (!is_parent(&child, pid)) {
			(void)close(parent.folder);
			break;
		}
		take_process(o, &parent);
		(void)close(child.folder);
		child = parent;
	}
	(void)close(child.folder);
}

/*
 * All together
 */

static ap_origin combine(const origin *o)
{
	ap_origin_login *logins = ap_arena_alloc(o->arena, (o->n_users * o->n_places + 1) * sizeof(*logins));
	size_t n = 0;

	for (size_t i = 0; i < o->n_places; i++)
		for (size_t k = 0; k < o->n_users; k++)
			logins[n++] = (ap_origin_login){ .login = { .user = o->users[k],
								    .address = o->places[i].address,
								    .service = o->places[i].service,
								    .tty = o->places[i].tty },
							 .found = o->places[i].found };
	return (ap_origin){ .items = logins, .n = n };
}

ap_origin ap_login_origin(ap_arena *arena)
{
	origin o = { .arena = arena };
	const char *ssh_connection = getenv("SSH_CONNECTION");
	unsigned uid;

	(void)ap_who(arena, &uid);
	add_user(&o, getenv("SUDO_USER"));
	add_uid(&o, (uid_t)uid);
	add_uid(&o, getuid());
	add_uid(&o, geteuid());
	if (ssh_connection != NULL)
		add_ssh_connection(&o, ssh_connection, "SSH_CONNECTION");
	take_ancestors(&o);
	return combine(&o);
}
