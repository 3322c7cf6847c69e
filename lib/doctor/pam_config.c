#include "pam_config.h"

#include "../login/image.h"
#include "pam_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool ends_in(const char *name, const char *ending)
{
	size_t length = strlen(name), n = strlen(ending);

	return length > n && strcmp(name + length - n, ending) == 0;
}

/*
 * What dpkg and editors leave behind is no service, though libpam would take it for one. Neither is a name in upper case:
 * libpam asks for all of them in lower case.
 */
static bool is_service_name(const char *name)
{
	static const char *const endings[] = { ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".dpkg-bak",
					       ".dpkg-tmp", ".ucf-old",   ".ucf-dist", ".ucf-new",
					       ".rpmnew",   ".rpmsave",   "~" };

	if (name[0] == '.')
		return false;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (ends_in(name, endings[i]))
			return false;
	for (const char *c = name; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			return false;
	return true;
}

typedef struct {
	const char **items;
	size_t n;
	ap_names *known;
} names;

static void add_name(ap_arena *arena, names *all, const char *name)
{
	if (ap_names_find(all->known, name) != AP_NONE)
		return;
	ap_names_put(all->known, name, (uint32_t)all->n);
	*AP_PUSH(arena, all->items, all->n) = name;
}

static void list_folder(ap_pam_config *config, const char *folder, names *all)
{
	const char *const *found;
	size_t n;

	if (!ap_host_list(config->files.host, folder, &found, &n)) {
		if (errno != ENOENT)
			config->folder_fault = ap_format(config->files.host->arena, "%s cannot be listed: %s", folder,
							 strerror(errno));
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (is_service_name(found[i]) &&
		    !ap_pam_is_folder(config->files.host,
				      ap_format(config->files.host->arena, "%s/%s", folder, found[i])))
			add_name(config->files.host->arena, all, found[i]);
}

static char *lower_case(ap_arena *arena, const char *word)
{
	char *copy = ap_arena_strdup(arena, word);

	for (char *c = copy; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return copy;
}

static void list_single_file(ap_pam_config *config, names *all)
{
	ap_arena *arena = config->files.host->arena;
	char *text = ap_pam_file_read(&config->files, AP_PAM_SINGLE_FILE), *line;
	ap_pam_text left = { text, 1 };
	unsigned number;

	if (text == NULL) {
		config->folder_fault = ap_format(arena, "%s cannot be read: %s", AP_PAM_SINGLE_FILE, strerror(errno));
		return;
	}
	while (ap_pam_text_next(arena, &left, &line, &number) == AP_PAM_TEXT_LINE)
		add_name(arena, all, lower_case(arena, ap_pam_word(&line)));
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

ap_pam_config *ap_pam_config_read(const ap_host *host)
{
	ap_pam_config *config = ap_arena_alloc(host->arena, sizeof(*config));
	names all = { .known = ap_names_new(host->arena) };

	config->files = ap_pam_files_of(host);
	if (ap_pam_has_folders(host)) {
		list_folder(config, AP_PAM_ETC_FOLDER, &all);
		list_folder(config, AP_PAM_DIST_FOLDER, &all);
	} else {
		list_single_file(config, &all);
	}
	if (all.n > 0)
		qsort(all.items, all.n, sizeof(*all.items), compare_names);
	for (size_t i = 0; i < all.n; i++) {
		ap_pam_service service;

		ap_pam_service_read(&config->files, all.items[i], &service);
		*AP_PUSH(host->arena, config->services, config->n) = service;
	}
	return config;
}

const ap_pam_service *ap_pam_config_find(const ap_pam_config *config, const char *name)
{
	for (size_t i = 0; i < config->n; i++)
		if (strcasecmp(config->services[i].name, name) == 0)
			return &config->services[i];
	return NULL;
}

const ap_pam_service *ap_pam_config_service(ap_pam_config *config, const char *name)
{
	const ap_pam_service *known = ap_pam_config_find(config, name);
	ap_pam_service *made;

	if (known != NULL)
		return known;
	made = ap_arena_alloc(config->files.host->arena, sizeof(*made));
	ap_pam_service_read(&config->files, lower_case(config->files.host->arena, name), made);
	return made;
}

bool ap_pam_config_is_included(const ap_pam_config *config, const ap_pam_service *service)
{
	return service->file != NULL && ap_pam_is_included(&config->files, service->file);
}
