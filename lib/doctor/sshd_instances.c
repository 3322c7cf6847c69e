#include "sshd_instances.h"

#include "text_parts.h"

#include <string.h>

#define SSHD "/usr/sbin/sshd"
#define WANTS "/etc/systemd/system/%s.target.wants/%s"
#define DEFAULTS "/etc/default/ssh"

/* The options of sshd that take a value. */
#define WITH_VALUE "CEbcfghkopu"

/* What of the options changes settings, the file and settings themselves; as getopt(3) takes them: "-Do UseDNS=yes". */
static const char *const *settings_of(ap_arena *arena, const char *const *words)
{
	const char **options = NULL;
	size_t n = 0;

	for (size_t i = 0; words[i] != NULL; i++) {
		const char *at = words[i][0] == '-' ? words[i] + 1 + strcspn(words[i] + 1, WITH_VALUE) : "";
		bool kept = *at == 'f' || *at == 'o', goes_on = *at != '\0' && at[1] == '\0' && words[i + 1] != NULL;

		if (kept)
			*AP_PUSH(arena, options, n) = ap_format(arena, "-%s", at);
		if (goes_on)
			i++;
		if (kept && goes_on)
			*AP_PUSH(arena, options, n) = words[i];
	}
	*AP_PUSH(arena, options, n) = NULL;
	return options;
}

const char *const *ap_sshd_default_options(const ap_host *host, ap_default_doubt *ret_doubt)
{
	ap_default_setting options = { .name = "SSHD_OPTS" };

	*ret_doubt = ap_default_file_read(host, DEFAULTS, AP_DEFAULT_FILE_OF_UNIT, &options, 1);
	return settings_of(host->arena, ap_text_words(host->arena, options.value != NULL ? options.value : "", " \t"));
}

bool ap_sshd_title_parse(ap_arena *arena, const char *title, ap_sshd_instance *ret_instance)
{
	const char *colon = strstr(title, ": "), *listener = strstr(title, " [listener]");
	const char **words;

	if (colon == NULL || listener == NULL || listener < colon)
		return false;
	words = ap_text_words(arena, ap_arena_strndup(arena, colon + 2, (size_t)(listener - colon - 2)), " ");
	if (words[0] == NULL || words[0][0] != '/')
		return false;
	*ret_instance = (ap_sshd_instance){ .name = ap_arena_strndup(arena, title, (size_t)(colon - title)),
					    .program = words[0],
					    .options = settings_of(arena, words + 1) };
	return true;
}

static bool is_same(const ap_sshd_instance *a, const ap_sshd_instance *b)
{
	size_t i;

	if (strcmp(a->program, b->program) != 0)
		return false;
	for (i = 0; a->options[i] != NULL && b->options[i] != NULL; i++)
		if (strcmp(a->options[i], b->options[i]) != 0)
			return false;
	return a->options[i] == NULL && b->options[i] == NULL;
}

/*
 * True if the process is a listening sshd of root's. What a process says of itself anybody can write, of a program of
 * his own or of a setuid one; and the program is run here, as root. So it is the one that root runs already, and nobody
 * else could have put there.
 */
static bool is_instance(const ap_host *host, const ap_host_process *process, ap_sshd_instance *ret_instance)
{
	if (process->uid != 0 || process->euid != 0 || process->program[0] != '/' || process->argv[0] == NULL ||
	    !ap_sshd_title_parse(host->arena, process->argv[0], ret_instance) ||
	    strcmp(ap_path_name(process->program), ap_path_name(ret_instance->program)) != 0 ||
	    !ap_host_is_trusted(host, process->program))
		return false;
	ret_instance->program = process->program;
	return true;
}

/* True if one of its units is started when the machine is. */
static bool is_enabled(const ap_host *host)
{
	return ap_host_has(host, ap_format(host->arena, WANTS, "sockets", "ssh.socket")) ||
	       ap_host_has(host, ap_format(host->arena, WANTS, "multi-user", "ssh.service"));
}

/*
 * The one that its unit starts the next time. With ssh.socket that is at the first connection, or, as ssh@.service of older
 * Debians, at each: before, no process tells its options. The units pass what SSHD_OPTS says, as the init script does;
 * what a unit that was changed passes beside it is not looked at.
 */
static ap_sshd_instance awaited(const ap_host *host)
{
	ap_sshd_instance one = { .name = ap_path_name(SSHD), .program = SSHD, .options_file = DEFAULTS };

	one.options = ap_sshd_default_options(host, &one.doubt);
	return one;
}

typedef struct {
	ap_sshd_instance *items;
	size_t n;
} instance_list;

static void add(ap_arena *arena, instance_list *list, const ap_sshd_instance *one)
{
	for (size_t i = 0; i < list->n; i++)
		if (is_same(&list->items[i], one))
			return;
	*AP_PUSH(arena, list->items, list->n) = *one;
}

static void add_running(const ap_host *host, const ap_host_process *processes, size_t n, instance_list *list)
{
	ap_sshd_instance one;

	for (size_t i = 0; i < n; i++)
		if (is_instance(host, &processes[i], &one))
			add(host->arena, list, &one);
}

size_t ap_sshd_instances(const ap_host *host, const ap_host_process *processes, size_t n_processes,
			 const ap_sshd_instance **ret_instances)
{
	instance_list running = { .n = 0 }, all = { .n = 0 };
	ap_sshd_instance one;

	add_running(host, processes, n_processes, &running);
	/* first, since it tells where the options stand with which one runs */
	if (ap_host_has(host, SSHD) && (running.n == 0 || is_enabled(host))) {
		one = awaited(host);
		add(host->arena, &all, &one);
	}
	for (size_t i = 0; i < running.n; i++)
		add(host->arena, &all, &running.items[i]);
	*ret_instances = all.items;
	return all.n;
}
