#include "examination.h"

#include "../lib/make/assertions.h"
#include "../lib/make/compile.h"
#include "../lib/make/findings.h"
#include "nss_cache.h"
#include "report.h"

#include <time.h>

enum { DETAIL_INDENT = 4 };

void ap_examine(const ap_load_options *options, ap_examination *result)
{
	const int64_t now = (int64_t)time(NULL);
	ap_error error = { 0 };
	const ap_nss *nss;

	if (ap_load(options, &result->set, &result->problems) != AP_OK)
		return;
	if (ap_compile_image(result->set, now, &result->image, &error) != AP_OK) {
		ap_diagnostics_add(&result->problems, AP_ERROR, error.file[0] != '\0' ? error.file : options->config,
				   error.line, "%s", error.message);
		return;
	}
	nss = ap_nss_cache_begin(&ap_nss_system);
	result->n_failed = ap_assertions_run(result->set, result->image, now, nss, &result->failed);
	ap_findings(result->set, result->image, now, nss, &result->findings);
	ap_nss_cache_end();
}

void ap_examination_clear(ap_examination *result)
{
	ap_image_free(result->image);
	ap_policy_set_free(result->set);
	ap_diagnostics_clear(&result->problems);
	ap_diagnostics_clear(&result->failed);
	ap_diagnostics_clear(&result->findings);
}

static void write_diagnostic(ap_context *context, const ap_diagnostic *item, const char *label, ap_colour colour)
{
	const char *place = ap_place_text(context->arena, item->file, item->line);

	const ap_piece pieces[] = { { AP_BOLD, place },
				    { AP_PLAIN, ": " },
				    { colour, label },
				    { AP_PLAIN, ": " },
				    { AP_PLAIN, ap_printable(context->arena, item->message) } };

	ap_paint_pieces(context->arena, &context->screen, pieces, sizeof(pieces) / sizeof(pieces[0]), DETAIL_INDENT);
}

void ap_write_findings(ap_context *context, const ap_diagnostics *list, const char *warning)
{
	for (size_t i = 0; i < list->n; i++)
		write_diagnostic(context, &list->items[i], list->items[i].severity == AP_ERROR ? "error" : warning,
				 list->items[i].severity == AP_ERROR ? AP_RED : AP_YELLOW);
}
