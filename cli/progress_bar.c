#include "progress_bar.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000, REDRAW_MS = 100, BAR_WIDTH = 30, NAME_WIDTH = 32 };

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The path's end, as much as there is room for. Paths of the policy's own files; control characters do not pass. */
static void put_name(const char *path)
{
	const char *name = strrchr(path, '/');
	int n = 0;

	for (name = name != NULL ? name + 1 : path; *name != '\0' && n < NAME_WIDTH; name++, n++)
		fputc((unsigned char)*name >= 0x20 && *name != 0x7f ? *name : '?', stderr);
}

static void draw(void *context, const char *what, const char *of, uint64_t done, uint64_t total)
{
	ap_progress_bar *bar = context;
	int64_t now = now_ms();
	int filled = total > 0 ? (int)(done * BAR_WIDTH / total) : 0;

	if (!bar->is_terminal || now - bar->began_ms < PATIENCE_MS || now - bar->drawn_ms < REDRAW_MS)
		return;
	bar->drawn_ms = now;
	bar->shown = true;
	fprintf(stderr, "\r\033[K%s ", what);
	put_name(of);
	if (total > 0) {
		fputs(of[0] != '\0' ? " [" : "[", stderr);
		for (int i = 0; i < BAR_WIDTH; i++)
			fputc(i < filled ? '#' : '.', stderr);
		fprintf(stderr, "] %d%%", (int)(done * 100 / total));
	}
	(void)fflush(stderr);
}

void ap_progress_bar_begin(ap_progress_bar *bar)
{
	*bar = (ap_progress_bar){ .progress = { .tell = draw, .context = bar },
				  .is_terminal = isatty(STDERR_FILENO) == 1,
				  .began_ms = now_ms() };
}

void ap_progress_bar_end(ap_progress_bar *bar)
{
	if (bar->shown)
		fputs("\r\033[K", stderr);
	bar->shown = false;
}
