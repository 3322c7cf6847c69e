/* progress_bar.h - a bar on standard error, for what takes longer than a second at a terminal. */
#ifndef AP_PROGRESS_BAR_H
#define AP_PROGRESS_BAR_H

#include "../lib/make/progress.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	ap_progress progress;
	bool is_terminal;
	bool shown;
	int64_t began_ms;
	int64_t drawn_ms;
} ap_progress_bar;

/* Begins the time. *bar must stay where it is. */
void ap_progress_bar_begin(ap_progress_bar *bar);

/* Takes the bar away, if there is one. */
void ap_progress_bar_end(ap_progress_bar *bar);

#endif
