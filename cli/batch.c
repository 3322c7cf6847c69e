/*
 * A hundred thousand audit records are to be answered while one waits. So nothing is formatted a policy or built up
 * as a tree: each policy's part of an answer is encoded once, before the first line, and an answer is put together of
 * such parts.
 */
#include "batch.h"

#include "batch_line.h"
#include "jsontext.h"
#include "nss_cache.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024 * 1024 };

typedef struct {
	char *bytes;
	size_t length;
	size_t capacity;
	bool too_long;
	bool out_of_memory;
} line_buffer;

typedef struct {
	const char *name;  /* "Name" as JSON */
	const char *place; /* "Name","file":"…","line":12 */
} encoded_policy;

typedef struct {
	const ap_image *image;
	encoded_policy *policies;
	size_t n_policies;
	ap_batch_line line;
	const ap_nss *nss;
	bool unsound;
} batch;

/*
 * Lines
 */

static void append(line_buffer *line, char byte)
{
	if (line->length == line->capacity) {
		size_t capacity = line->capacity == 0 ? 4096 : line->capacity * 2;
		char *bytes = realloc(line->bytes, capacity);

		if (bytes == NULL) {
			line->out_of_memory = true;
			return;
		}
		line->bytes = bytes;
		line->capacity = capacity;
	}
	line->bytes[line->length++] = byte;
}

/* Reads a line without its newline; of one that cannot be held the rest is passed over. False at the end. */
static bool read_line(FILE *in, line_buffer *line)
{
	int c = getc_unlocked(in);

	line->length = 0;
	line->too_long = line->out_of_memory = false;
	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc_unlocked(in)) {
		line->too_long = line->too_long || line->length >= LINE_MAX_BYTES;
		if (!line->too_long && !line->out_of_memory)
			append(line, (char)c);
	}
	return true;
}

/*
 * Answers
 */

static const char *encode(ap_arena *arena, const char *text)
{
	json_t *value = ap_json_text(arena, text);
	char *encoded = json_dumps(value, JSON_ENCODE_ANY);
	const char *kept = ap_arena_strdup(arena, encoded != NULL ? encoded : "null");

	free(encoded);
	json_decref(value);
	return kept;
}

static void encode_policies(ap_arena *arena, batch *b)
{
	ap_view view = ap_view_of(b->image);

	b->n_policies = ap_image_count(b->image, AP_TABLE_POLICIES);
	b->policies = ap_arena_alloc(arena, (b->n_policies + 1) * sizeof(*b->policies));
	for (size_t i = 0; i < b->n_policies; i++) {
		ap_image_policy policy = ap_view_policy(&view, (uint32_t)i);

		b->policies[i].name = encode(arena, ap_view_string(&view, policy.name));
		b->policies[i].place =
			ap_format(arena, "%s,\"file\":%s,\"line\":%u", b->policies[i].name,
				  encode(arena, ap_view_string(&view, policy.file)), (unsigned)policy.line);
	}
}

static void put(const char *text)
{
	fputs_unlocked(text, stdout);
}

/* `region` is a code, or NULL: letters, digits and hyphens. */
static void write_answer(const batch *b, const ap_decision *decision, const char *region)
{
	bool named = decision->policy < b->n_policies;

	put("{\"decision\":\"");
	put(ap_verdict_name(decision->verdict));
	put("\",\"reason\":\"");
	put(ap_reason_name(decision->reason));
	put("\",\"policy\":");
	put(named ? b->policies[decision->policy].place : "null,\"file\":null,\"line\":null");
	put(",\"would\":[");
	for (size_t i = 0; i < decision->n_would; i++) {
		const ap_would *would = &decision->would[i];

		put(i > 0 ? ",{\"policy\":" : "{\"policy\":");
		put(would->policy < b->n_policies ? b->policies[would->policy].name : "null");
		put(",\"decision\":\"");
		put(ap_verdict_name(would->verdict));
		put("\",\"reason\":\"");
		put(ap_reason_name(would->reason));
		put("\"}");
	}
	put("],\"region\":");
	if (region == NULL) {
		put("null}\n");
	} else {
		put("\"");
		put(region);
		put("\"}\n");
	}
}

static void write_failure(const batch *b)
{
	json_t *text = json_string(b->line.error);

	put("{\"decision\":null,\"reason\":null,\"policy\":null,\"file\":null,\"line\":null,\"would\":null,"
	    "\"region\":null,\"error\":");
	if (text == NULL || json_dumpf(text, stdout, JSON_ENCODE_ANY) != 0)
		put("\"the line could not be answered\"");
	json_decref(text);
	put("}\n");
}

static bool decide(batch *b, const ap_facts *facts)
{
	ap_error error = { 0 };
	ap_decision decision;
	ap_request request;
	ap_view view = ap_view_of(b->image);
	const char *region = NULL;
	ap_status status = ap_request_init(&request, b->image, facts, &error);

	if (status == AP_OK) {
		status = ap_evaluate(b->image, &request, NULL, &decision, &error);
		region = ap_view_region_of(&view, &request.address);
		ap_request_clear(&request);
	}
	if (status != AP_OK) {
		b->unsound = b->unsound || status == AP_ERR_DAMAGED;
		return ap_batch_line_fail(&b->line, "%s", error.message);
	}
	write_answer(b, &decision, region);
	ap_decision_clear(&decision);
	return true;
}

static bool answer_line(batch *b, const line_buffer *line)
{
	ap_facts facts;
	bool answered;

	if (line->too_long)
		return ap_batch_line_fail(&b->line, "the line is longer than %d bytes", LINE_MAX_BYTES);
	if (line->out_of_memory)
		return ap_batch_line_fail(&b->line, "there is no memory for the line");
	answered = ap_batch_line_read(&b->line, line->bytes, line->length, &facts);
	if (answered) {
		facts.nss = b->nss;
		answered = decide(b, &facts);
	}
	ap_batch_line_clear(&b->line);
	return answered;
}

static int answer_lines(batch *b, FILE *in)
{
	line_buffer line = { 0 };
	int result = AP_EXIT_YES;

	/* once nobody takes the answers, reading on is pointless */
	while (!ferror(stdout) && read_line(in, &line)) {
		if (answer_line(b, &line))
			continue;
		write_failure(b);
		result = AP_EXIT_NO;
	}
	free(line.bytes);
	return b->unsound ? AP_EXIT_POLICY : result;
}

int ap_batch_run(const ap_context *context, const ap_subject *subject, const char *path, int64_t now)
{
	bool standard_input = strcmp(path, "-") == 0;
	FILE *in = standard_input ? stdin : fopen(path, "re");
	batch b = { .image = subject->image, .line = { .now = now } };
	int result;

	if (in == NULL) {
		fprintf(stderr, "accesspolicy test: --batch: %s: %s\n", ap_printable(context->arena, path),
			strerror(errno));
		return AP_EXIT_USAGE;
	}
	b.line.clients = ap_subject_clients(context->arena, subject, &b.line.n_clients);
	encode_policies(context->arena, &b);
	b.nss = ap_nss_cache_begin(&ap_nss_system);
	result = answer_lines(&b, in);
	ap_nss_cache_end();
	if (ferror(in)) {
		fprintf(stderr, "accesspolicy test: --batch: %s: %s\n", ap_printable(context->arena, path),
			strerror(errno));
		result = AP_EXIT_NO;
	}
	if (!standard_input)
		fclose(in);
	return result;
}
