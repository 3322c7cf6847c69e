#include "sasl_conf.h"

#include "text_parts.h"

#include <string.h>

#define FOLDERS "/etc/postfix/sasl:/etc/sasl2:/etc/sasl:/usr/lib/sasl2"

/* "pwcheck_method: saslauthd", the last of them, with its line. */
static void read_method(ap_arena *arena, const char *text, ap_sasl_conf *conf)
{
	static const char key[] = "pwcheck_method:";
	const char *line;
	size_t length;

	for (unsigned number = 1; (line = ap_text_line(&text, &length)) != NULL; number++)
		if (strncmp(line, key, sizeof(key) - 1) == 0) {
			const char *value = line + sizeof(key) - 1;

			value += strspn(value, " \t");
			conf->pwcheck_method = ap_arena_strndup(arena, value, strcspn(value, "\r\n"));
			conf->line = number;
		}
}

ap_sasl_conf ap_sasl_conf_read(const ap_host *host, const char *folders, const char *program)
{
	ap_sasl_conf conf = { .pwcheck_method = "auxprop" };

	if (*folders == '\0')
		folders = FOLDERS;
	while (*folders != '\0') {
		size_t length = strcspn(folders, ":");
		const char *file = ap_format(host->arena, "%.*s/%s.conf", (int)length, folders, program);
		const char *text = length > 0 ? ap_host_read(host, file, NULL) : NULL;

		if (text != NULL) {
			conf.file = file;
			read_method(host->arena, text, &conf);
			return conf;
		}
		folders += length + (folders[length] == ':' ? 1 : 0);
	}
	return conf;
}
