/* What is found of Dovecot: for which of its ports it holds, and where it is told. */
#include "dovecot_examination.h"

#include <string.h>

void ap_dovecot_found(ap_dovecot_examination *of, const ap_finding *finding)
{
	const char *file = of->dovecot.file;
	ap_finding whole = *finding;

	whole.service = "dovecot";
	if (whole.file == NULL)
		whole.file = file != NULL && *file != '\0' ? file : NULL;
	ap_finding_add(of->doctor->findings, &whole);
}

static bool is_same(const ap_finding *a, const ap_finding *b)
{
	return strcmp(a->check, b->check) == 0 && strcmp(a->what, b->what) == 0 && strcmp(a->why, b->why) == 0 &&
	       strcmp(a->change, b->change) == 0 && a->file == b->file && a->line == b->line;
}

void ap_dovecot_noted(ap_dovecot_examination *of, const ap_dovecot_way *way, const ap_finding *finding)
{
	ap_dovecot_note *note = NULL;

	for (size_t i = 0; i < of->n_notes && note == NULL; i++)
		if (is_same(&of->notes[i].finding, finding))
			note = &of->notes[i];
	if (note == NULL) {
		note = AP_PUSH(of->arena, of->notes, of->n_notes);
		note->finding = *finding;
		note->holds = ap_arena_alloc(of->arena, of->n_ways * sizeof(*note->holds));
	}
	note->holds[way - of->ways] = true;
}

/* "imap on port 143, imap on port 993 and smtp through Postfix"; NULL where it holds for all. */
static const char *titles(const ap_dovecot_examination *of, const bool *holds)
{
	const char *text = "";
	size_t n = 0, last = 0;

	for (size_t i = 0; i < of->n_ways; i++)
		if (holds[i])
			last = i;
	for (size_t i = 0; i < of->n_ways; i++)
		if (holds[i])
			text = ap_format(of->arena, "%s%s%s", text,
					 n++ == 0    ? ""
					 : i == last ? " and "
						     : ", ",
					 of->ways[i].title);
	return n == of->n_ways ? NULL : text;
}

void ap_dovecot_add_notes(ap_dovecot_examination *of)
{
	for (size_t i = 0; i < of->n_notes; i++) {
		ap_finding finding = of->notes[i].finding;
		const char *by = titles(of, of->notes[i].holds);

		/* one that is about a PAM service names the way by that */
		if (by != NULL && finding.service == NULL)
			finding.what = ap_format(of->arena, "%s; this is so for %s", finding.what, by);
		if (finding.file == NULL)
			ap_dovecot_found(of, &finding);
		else
			ap_finding_add(of->doctor->findings, &finding);
	}
}

const char *ap_passdb_title(ap_arena *arena, const ap_passdb *passdb)
{
	return ap_format(arena, "%s (%s)", passdb->name, passdb->driver);
}
