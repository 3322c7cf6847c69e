/* The decision tables through the command: `accesspolicy --config FILE test --batch FILE`, one line a row. */
#include "rows.h"
#include "scratch.h"
#include "table.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* The answers to a table's rows, in order. */
static json_t *answers;
static size_t next_answer;

/* Text that is not UTF-8, and the literal PAM_RHOST "local", have no way into a line of JSON. */
static const char *why_not(const ap_row *row)
{
	const char *const texts[] = { row->user, row->address, row->client, row->service, row->tty, row->ruser };

	if (!row->at_machine && row->address != NULL && strcmp(row->address, "local") == 0)
		return "\"local\" is how a line says that the login is at the machine itself";
	for (size_t i = 0; i < AP_N(texts); i++) {
		json_t *value = texts[i] != NULL ? json_string(texts[i]) : json_null();

		if (value == NULL)
			return "JSON cannot hold text that is not UTF-8";
		json_decref(value);
	}
	return NULL;
}

static void set_text(json_t *line, const char *key, const char *text)
{
	if (text != NULL)
		(void)json_object_set_new(line, key, json_string(text));
}

static char *line_of(const ap_row *row)
{
	json_t *line = json_object(), *env = json_array();
	char *text;

	set_text(line, "user", row->user);
	set_text(line, "ip", row->address);
	set_text(line, "client", row->client);
	set_text(line, "service", row->service);
	set_text(line, "tty", row->tty);
	set_text(line, "ruser", row->ruser);
	set_text(line, "time", row->at);
	for (size_t i = 0; row->env[i] != NULL; i++)
		(void)json_array_append_new(env, json_string(row->env[i]));
	if (row->env[0] != NULL)
		(void)json_object_set(line, "env", env);
	text = json_dumps(line, JSON_COMPACT);
	json_decref(env);
	json_decref(line);
	return text;
}

static char *write_batch(const ap_table *table)
{
	char *text = NULL, *path;
	size_t size = 0;
	FILE *batch = open_memstream(&text, &size);

	for (size_t i = 0; i < table->n_rows; i++) {
		char *line = why_not(&table->rows[i]) == NULL ? line_of(&table->rows[i]) : NULL;

		if (line != NULL)
			(void)fprintf(batch, "%s\n", line);
		free(line);
	}
	(void)fclose(batch);
	path = ap_scratch_write(table->folder, "batch.jsonl", text, 0600);
	free(text);
	return path;
}

static void ask_all(ap_table *table)
{
	char *batch = write_batch(table), *command, *line = NULL;
	size_t room = 0;
	FILE *output;

	assert_true(asprintf(&command, "'%s' --config '%s/accesspolicy.conf' test --batch '%s'",
			     getenv("AP_TEST_COMMAND"), table->folder, batch) > 0);
	answers = json_array();
	next_answer = 0;
	output = popen(command, "re");
	assert_non_null(output);
	while (getline(&line, &room, output) >= 0) {
		json_error_t error;
		json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, &error);

		if (answer == NULL)
			print_error("no JSON: %s\n", line);
		(void)json_array_append_new(answers, answer);
	}
	assert_int_equal(pclose(output), 0);
	free(line);
	free(command);
	free(batch);
}

static void free_answers(ap_table *table)
{
	(void)table;
	assert_int_equal(next_answer, json_array_size(answers));
	json_decref(answers);
}

static char *would_of(const json_t *answer)
{
	const json_t *would = json_object_get(answer, "would");
	char *text = calloc(1, 2048);

	for (size_t i = 0; i < json_array_size(would); i++) {
		json_t *one = json_array_get(would, i);
		size_t used = strlen(text);

		(void)snprintf(text + used, 2048 - used, "%s%s: %s %s", i > 0 ? "; " : "",
			       json_string_value(json_object_get(one, "policy")),
			       json_string_value(json_object_get(one, "decision")),
			       json_string_value(json_object_get(one, "reason")));
	}
	return text;
}

static bool has_every_key(const json_t *answer)
{
	static const char *const keys[] = { "decision", "reason", "policy", "file", "line", "would" };

	for (size_t i = 0; i < AP_N(keys); i++)
		if (json_object_get(answer, keys[i]) == NULL)
			return false;
	return true;
}

/* Where a policy is named, so are its file, one of the folder's, and its line. */
static bool has_place(const ap_table *table, const json_t *answer)
{
	const char *file = json_string_value(json_object_get(answer, "file"));

	if (json_is_null(json_object_get(answer, "policy")))
		return file == NULL && json_is_null(json_object_get(answer, "line"));
	return file != NULL && strncmp(file, table->folder, strlen(table->folder)) == 0 &&
	       json_integer_value(json_object_get(answer, "line")) > 0;
}

static bool check(const ap_table *table, const ap_row *row)
{
	const char *cannot = why_not(row);
	char *would, *verdict;
	json_t *answer;
	bool agrees;

	if (cannot != NULL)
		return ap_route_cannot_ask(row, cannot);
	answer = json_array_get(answers, next_answer++);
	would = would_of(answer);
	verdict = ap_row_verdict(json_string_value(json_object_get(answer, "decision")),
				 json_string_value(json_object_get(answer, "reason")),
				 json_string_value(json_object_get(answer, "policy")), would);
	agrees = ap_row_agrees(row, "the command", verdict);
	if (agrees && (!has_every_key(answer) || !has_place(table, answer))) {
		print_error("%s:%u: a key is missing, or the policy's place\n", row->file, row->line);
		agrees = false;
	}
	free(verdict);
	free(would);
	return agrees;
}

int main(int argc, char **argv)
{
	static const ap_route route = { "decisions by the command", ask_all, check, free_answers };

	return ap_route_run(&route, argc, argv);
}
