#include "root.h"

#include "scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void die(const char *path)
{
	(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
	abort();
}

/* Those above `path`; with `itself`, that too. */
static void make_folders(const char *path, int itself)
{
	char *copy = strdup(path), *slash;

	if (copy == NULL)
		abort();
	for (slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			die(copy);
		*slash = '/';
	}
	if (itself && mkdir(copy, 0755) != 0 && errno != EEXIST)
		die(copy);
	free(copy);
}

void root_make_folder(const char *root, const char *path)
{
	char *whole = ap_scratch_path(root, path[0] == '/' ? path + 1 : path);

	make_folders(whole, 1);
	free(whole);
}

void root_write(const char *root, const char *path, const char *text)
{
	char *whole = ap_scratch_path(root, path[0] == '/' ? path + 1 : path);
	FILE *file;

	make_folders(whole, 0);
	file = fopen(whole, "w");
	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		die(whole);
	free(whole);
}
