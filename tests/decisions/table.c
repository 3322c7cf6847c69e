#include "table.h"

#include "rows.h"
#include "scratch.h"

#include <ctype.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_COLUMNS = 9, TABLES_MAX = 64 };

static const char standard_message[] =
	"The administrator has enabled IP login restrictions. Login from the current IP is not allowed.";

__attribute__((noreturn)) static void bad_line(const char *file, unsigned line, const char *what)
{
	(void)fprintf(stderr, "%s:%u: %s\n", file, line, what);
	abort();
}

static char *trimmed(const char *text, size_t length)
{
	while (length > 0 && isblank((unsigned char)*text))
		text++, length--;
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		length--;
	return strndup(text, length);
}

/* Where the column ends: at a bar outside quotes, or at the end. */
static size_t column_length(const char *text)
{
	bool quoted = false;
	size_t i;

	for (i = 0; text[i] != '\0' && (quoted || text[i] != '|'); i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted && text[i] == '\\' && text[i + 1] != '\0')
			i++;
	}
	return i;
}

static char unescaped(const char **text)
{
	unsigned value = 0;
	int used = 0;

	switch (*(*text)++) {
	case 'n':
		return '\n';
	case 'x':
		if (sscanf(*text, "%2x%n", &value, &used) != 1)
			abort();
		*text += used;
		return (char)value;
	default:
		return (*text)[-1];
	}
}

/* The value of a column; NULL for "-". Takes `text`. */
static char *value_of(char *text)
{
	const char *from = text + 1;
	char *to = text;

	if (strcmp(text, "-") == 0) {
		free(text);
		return NULL;
	}
	if (text[0] != '"')
		return text;
	while (*from != '"' && *from != '\0') {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		*to++ = unescaped(&from);
	}
	*to = '\0';
	return text;
}

static void take_more(ap_row *row, const char *word)
{
	size_t n_env = 0;

	while (row->env[n_env] != NULL)
		n_env++;
	if (strncmp(word, "tty=", 4) == 0)
		row->tty = strdup(word + 4);
	else if (strncmp(word, "ruser=", 6) == 0)
		row->ruser = strdup(word + 6);
	else if (strncmp(word, "at=", 3) == 0)
		row->at = strdup(word + 3);
	else if (strncmp(word, "env=", 4) == 0 && n_env < AP_ROW_ENV_MAX)
		row->env[n_env] = strdup(word + 4);
	else
		bad_line(row->file, row->line, word);
}

static void take_words(ap_row *row, const char *more)
{
	while (*more != '\0') {
		size_t length = strcspn(more, ";");
		char *word = trimmed(more, length);

		take_more(row, word);
		free(word);
		more += length + (more[length] == ';');
	}
}

static void fill_row(ap_row *row, char **columns)
{
	char *more;

	row->at_machine = strcmp(columns[1], "local") == 0;
	row->user = value_of(columns[0]);
	row->address = value_of(columns[1]);
	row->client = value_of(columns[2]);
	row->service = value_of(columns[3]);
	more = value_of(columns[4]);
	if (more != NULL)
		take_words(row, more);
	free(more);
	row->denied = strcmp(columns[5], "deny") == 0;
	row->verdict = ap_row_verdict(columns[5], columns[6], columns[7], columns[8]);
	row->policy = value_of(columns[7]);
	free(columns[5]);
	free(columns[6]);
	free(columns[8]);
}

static void take_row(ap_table *table, const char *text, unsigned line)
{
	ap_row row = { .file = table->file, .line = line };
	char *columns[N_COLUMNS];
	const char *at = text;
	size_t n;

	for (n = 0; n < N_COLUMNS; n++) {
		size_t length = column_length(at);

		columns[n] = trimmed(at, length);
		at += length;
		if ((*at == '|') != (n + 1 < N_COLUMNS))
			bad_line(table->file, line, "a row has nine columns");
		at += *at == '|';
	}
	fill_row(&row, columns);
	table->rows = realloc(table->rows, (table->n_rows + 1) * sizeof(row));
	table->rows[table->n_rows++] = row;
}

/* "message: TEXT" or "message POLICY: TEXT" */
static void take_message(ap_table *table, const char *text)
{
	const char *colon = strchr(text, ':');
	ap_row_message message = { .policy = trimmed(text, (size_t)(colon - text)),
				   .text = trimmed(colon + 1, strlen(colon + 1)) };

	if (message.policy[0] == '\0') {
		free(message.policy);
		message.policy = NULL;
	}
	table->messages = realloc(table->messages, (table->n_messages + 1) * sizeof(message));
	table->messages[table->n_messages++] = message;
}

static void take_line(ap_tables *tables, const char *text, unsigned line)
{
	ap_table *table = tables->n > 0 ? &tables->items[tables->n - 1] : NULL;

	if (text[0] == '#' || text[strspn(text, " \t\n")] == '\0')
		return;
	if (strncmp(text, "policies:", 9) == 0) {
		tables->items = realloc(tables->items, (tables->n + 1) * sizeof(*table));
		tables->items[tables->n++] =
			(ap_table){ .file = tables->file, .policies = trimmed(text + 9, strlen(text + 9)) };
	} else if (table == NULL) {
		bad_line(tables->file, line, "a table begins with policies:");
	} else if (strncmp(text, "message", 7) == 0 && strchr(text, '|') == NULL && strchr(text, ':') != NULL) {
		take_message(table, text + 7);
	} else {
		take_row(table, text, line);
	}
}

ap_tables ap_tables_read(const char *path)
{
	ap_tables tables = { .file = strdup(path) };
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	unsigned line = 0;

	if (file == NULL)
		bad_line(path, 0, "cannot be opened");
	while (getline(&text, &room, file) >= 0)
		take_line(&tables, text, ++line);
	free(text);
	(void)fclose(file);
	return tables;
}

static void free_table(ap_table *table)
{
	for (size_t i = 0; i < table->n_rows; i++) {
		ap_row *row = &table->rows[i];

		free(row->user);
		free(row->address);
		free(row->client);
		free(row->service);
		free(row->tty);
		free(row->ruser);
		free(row->at);
		free(row->verdict);
		free(row->policy);
		for (size_t k = 0; row->env[k] != NULL; k++)
			free(row->env[k]);
	}
	for (size_t i = 0; i < table->n_messages; i++) {
		free(table->messages[i].policy);
		free(table->messages[i].text);
	}
	free(table->rows);
	free(table->messages);
	free(table->policies);
}

void ap_tables_free(ap_tables *tables)
{
	for (size_t i = 0; i < tables->n; i++)
		free_table(&tables->items[i]);
	free(tables->items);
	free(tables->file);
}

const char *ap_row_message_of(const ap_table *table, const ap_row *row)
{
	const char *text = standard_message;

	for (size_t i = 0; i < table->n_messages; i++) {
		if (table->messages[i].policy == NULL)
			text = table->messages[i].text;
		else if (row->policy != NULL && strcmp(table->messages[i].policy, row->policy) == 0)
			return table->messages[i].text;
	}
	return text;
}

static const char *or_none(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : "-";
}

char *ap_row_verdict(const char *decision, const char *reason, const char *policy, const char *would)
{
	char *verdict;

	if (asprintf(&verdict, "%s | %s | %s | %s", or_none(decision), or_none(reason), or_none(policy),
		     or_none(would)) < 0)
		abort();
	return verdict;
}

bool ap_row_agrees(const ap_row *row, const char *route, const char *verdict)
{
	if (strcmp(row->verdict, verdict) == 0)
		return true;
	print_error("%s:%u: %s answers\n\t%s, expected\n\t%s\n", row->file, row->line, route, verdict, row->verdict);
	return false;
}

/*
 * Routes
 */

static size_t n_asked, n_not_asked;

bool ap_route_cannot_ask(const ap_row *row, const char *why)
{
	n_not_asked++;
	n_asked--;
	print_message("%s:%u: not asked: %s\n", row->file, row->line, why);
	return true;
}

typedef struct {
	const ap_route *route;
	ap_table *table;
} job;

static char *policies_beside(const char *file, const char *name)
{
	char *copy = strdup(file), *path = ap_scratch_path(dirname(copy), name);

	free(copy);
	return path;
}

/* For region_database = "city.mmdb" and its like. */
static void copy_databases(const char *folder)
{
	const char *databases = getenv("AP_TEST_DATABASES");

	assert_non_null(databases);
	ap_scratch_copy(databases, folder);
}

static void run_table(void **state)
{
	const job *j = *state;
	ap_table *table = j->table;
	char *policies = policies_beside(table->file, table->policies);
	int failed = 0;

	table->folder = ap_scratch_new();
	ap_scratch_copy(policies, table->folder);
	copy_databases(table->folder);
	if (j->route->begin != NULL)
		j->route->begin(table);
	for (size_t i = 0; i < table->n_rows; i++) {
		n_asked++;
		failed += !j->route->check(table, &table->rows[i]);
	}
	if (j->route->end != NULL)
		j->route->end(table);
	ap_scratch_free(table->folder);
	free(policies);
	assert_true(table->n_rows > 0);
	AP_ROWS_END(failed);
}

int ap_route_run(const ap_route *route, int argc, char **argv)
{
	struct CMUnitTest tests[TABLES_MAX];
	job jobs[TABLES_MAX];
	ap_tables files[TABLES_MAX];
	size_t n = 0;
	int n_files, result;

	memset(tests, 0, sizeof(tests));
	for (n_files = 0; n_files + 1 < argc && n_files < TABLES_MAX; n_files++) {
		files[n_files] = ap_tables_read(argv[n_files + 1]);
		for (size_t i = 0; i < files[n_files].n && n < TABLES_MAX; i++, n++) {
			jobs[n] = (job){ .route = route, .table = &files[n_files].items[i] };
			tests[n] = (struct CMUnitTest){ .name = jobs[n].table->policies,
							.test_func = run_table,
							.initial_state = &jobs[n] };
		}
	}
	result = _cmocka_run_group_tests(route->name, tests, n, NULL, NULL);
	print_message("%s: %zu rows asked; %zu rows cannot be asked this way\n", route->name, n_asked, n_not_asked);
	while (n_files > 0)
		ap_tables_free(&files[--n_files]);
	return n == 0 || n_asked == 0 ? 1 : result;
}
