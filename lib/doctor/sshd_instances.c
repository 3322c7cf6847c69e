#include "sshd_instances.h"

#include "text_parts.h"

#include <string.h>

#define SSHD "/usr/sbin/sshd"

/* What of the options changes settings: the file, and settings themselves. */
static const char *const *settings_of(ap_arena *arena, const char *const *words)
{
	const char **options = NULL;
	size_t n = 0;

	for (size_t i = 0; words[i] != NULL; i++) {
		bool kept = strncmp(words[i], "-f", 2) == 0 || strncmp(words[i], "-o", 2) == 0;

		if (!kept)
			continue;
		*AP_PUSH(arena, options, n) = words[i];
		if (words[i][2] == '\0' && words[i + 1] != NULL)
			*AP_PUSH(arena, options, n) = words[++i];
	}
	*AP_PUSH(arena, options, n) = NULL;
	return options;
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
 * his own or of a setuid one; and the program is run here, as root. So it is the one that root runs already.
 */
static bool is_instance(ap_arena *arena, const ap_host_process *process, ap_sshd_instance *ret_instance)
{
	if (process->uid != 0 || process->euid != 0 || process->program[0] != '/' || process->argv[0] == NULL ||
	    !ap_sshd_title_parse(arena, process->argv[0], ret_instance) ||
	    strcmp(ap_path_name(process->program), ap_path_name(ret_instance->program)) != 0)
		return false;
	ret_instance->program = process->program;
	return true;
}

size_t ap_sshd_instances(const ap_host *host, const ap_host_process *processes, size_t n_processes,
			 const ap_sshd_instance **ret_instances)
{
	static const char *const none[] = { NULL };
	ap_sshd_instance *instances = NULL, one;
	size_t n = 0;

	for (size_t i = 0; i < n_processes; i++) {
		bool known = false;

		if (!is_instance(host->arena, &processes[i], &one))
			continue;
		for (size_t k = 0; k < n; k++)
			known = known || is_same(&instances[k], &one);
		if (!known)
			*AP_PUSH(host->arena, instances, n) = one;
	}
	if (n == 0 && ap_host_has(host, SSHD))
		*AP_PUSH(host->arena, instances, n) =
			(ap_sshd_instance){ .name = ap_path_name(SSHD), .program = SSHD, .options = none };
	*ret_instances = instances;
	return n;
}
