#include "../lib/make/names.h"
#include "audit_output.h"
#include "jsontext.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const ap_summary_names[AP_N_SUMMARIES] = { "policy", "member", "day" };

enum { ALLOW, DENY, ERROR, WOULD, N_COUNTS, BAR_MAX = 40, BAR_MIN = 8, NAME_MIN = 8 };

static const char *const count_names[N_COUNTS] = { "allow", "deny", "error", "would" };

typedef struct {
	const char *name; /* NULL: no policy decided */
	uint64_t counts[N_COUNTS];
} row;

typedef struct {
	ap_names *numbers;
	row *rows;
	size_t n;
} counted;

struct ap_summary {
	ap_context *context;
	const ap_image *image;
	counted by[AP_N_SUMMARIES];
	ap_names *members;           /* from the user of a record to its row by member */
	int64_t day_from, day_until; /* of `day` */
	char day[16];
	uint64_t total[N_COUNTS];
};

ap_summary *ap_summary_new(ap_context *context, const ap_image *image)
{
	ap_summary *s = ap_arena_alloc(context->arena, sizeof(*s));

	*s = (ap_summary){ .context = context, .image = image, .members = ap_names_new(context->arena) };
	for (size_t i = 0; i < AP_N_SUMMARIES; i++)
		s->by[i].numbers = ap_names_new(context->arena);
	return s;
}

/* The row's number. Beside a policy of any name, "" stands for none. */
static uint32_t row_of(ap_summary *s, counted *by, const char *name)
{
	uint32_t number = ap_names_find(by->numbers, name);

	if (number == AP_NONE) {
		number = (uint32_t)by->n;
		name = ap_arena_strdup(s->context->arena, name);
		AP_PUSH(s->context->arena, by->rows, by->n)->name = name;
		ap_names_put(by->numbers, name, number);
	}
	return number;
}

/* Each name is made comparable once. */
static uint32_t member_row(ap_summary *s, const char *user)
{
	uint32_t number = ap_names_find(s->members, user);

	if (number != AP_NONE)
		return number;
	number = row_of(s, &s->by[AP_SUMMARY_MEMBER], ap_audit_member(s->context, s->image, user));
	ap_names_put(s->members, ap_arena_strdup(s->context->arena, user), number);
	return number;
}

/* In local time, as everything that is shown; a day that was found is kept until a record is of another hour. */
static const char *day_of(ap_summary *s, int64_t time)
{
	time_t seconds = (time_t)time;
	struct tm local;

	if (time >= s->day_from && time < s->day_until)
		return s->day;
	if (localtime_r(&seconds, &local) == NULL || strftime(s->day, sizeof(s->day), "%Y-%m-%d", &local) == 0)
		return "";
	/* whatever the zone, it changes its offset at a full quarter of an hour */
	s->day_from = time - time % 900;
	s->day_until = s->day_from + 900;
	return s->day;
}

void ap_summary_add(ap_summary *s, const ap_audit_entry *entry)
{
	int count = strcmp(entry->decision, "allow") == 0 ? ALLOW : strcmp(entry->decision, "deny") == 0 ? DENY : ERROR;
	bool would = json_array_size(entry->would) > 0;
	const uint32_t numbers[AP_N_SUMMARIES] = {
		[AP_SUMMARY_POLICY] = row_of(s, &s->by[AP_SUMMARY_POLICY], entry->policy != NULL ? entry->policy : ""),
		[AP_SUMMARY_MEMBER] = member_row(s, entry->user),
		[AP_SUMMARY_DAY] = row_of(s, &s->by[AP_SUMMARY_DAY], day_of(s, entry->time)),
	};

	s->total[count]++;
	s->total[WOULD] += would;
	for (size_t i = 0; i < AP_N_SUMMARIES; i++) {
		s->by[i].rows[numbers[i]].counts[count]++;
		if (i != AP_SUMMARY_POLICY)
			s->by[i].rows[numbers[i]].counts[WOULD] += would;
	}
	/* of a policy: how often it would have changed the decision */
	for (size_t i = 0; i < json_array_size(entry->would); i++) {
		const json_t *one = json_array_get(entry->would, i);
		const char *name = json_string_value(json_object_get(one, "policy"));

		if (name != NULL && json_is_string(json_object_get(one, "decision"))) {
			uint32_t number = row_of(s, &s->by[AP_SUMMARY_POLICY], name);

			s->by[AP_SUMMARY_POLICY].rows[number].counts[WOULD]++;
		}
	}
}

static uint64_t decided(const uint64_t counts[N_COUNTS])
{
	return counts[ALLOW] + counts[DENY] + counts[ERROR];
}

/* Those that were denied most often first: that is what is looked for. */
static int by_denied(const void *a, const void *b)
{
	const row *x = a, *y = b;

	if (x->counts[DENY] != y->counts[DENY])
		return x->counts[DENY] > y->counts[DENY] ? -1 : 1;
	if (decided(x->counts) != decided(y->counts))
		return decided(x->counts) > decided(y->counts) ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const row *)a)->name, ((const row *)b)->name);
}

static void sort(ap_summary *s)
{
	for (size_t i = 0; i < AP_N_SUMMARIES; i++)
		if (s->by[i].n > 0)
			qsort(s->by[i].rows, s->by[i].n, sizeof(row), i == AP_SUMMARY_DAY ? by_name : by_denied);
}

/*
 * For a person
 */

static const char *shown_name(ap_context *context, size_t by, const row *r)
{
	if (r->name[0] != '\0')
		return ap_printable(context->arena, r->name);
	return by == AP_SUMMARY_POLICY ? "(none)" : by == AP_SUMMARY_MEMBER ? "(no name)" : "(no day)";
}

static size_t digits(uint64_t n)
{
	return (size_t)snprintf(NULL, 0, "%llu", (unsigned long long)n);
}

static void paint_blocks(const ap_screen *screen, ap_colour colour, size_t n)
{
	static const char block[] = "█";
	char bar[BAR_MAX * sizeof(block)];

	for (size_t i = 0; i < n; i++)
		memcpy(bar + i * (sizeof(block) - 1), block, sizeof(block) - 1);
	ap_paint(screen, colour, bar, n * (sizeof(block) - 1));
}

/* As long as its share of the longest; what was let in behind what was not. */
static void write_bar(const ap_screen *screen, const row *r, uint64_t most, size_t width)
{
	uint64_t all = decided(r->counts);
	size_t whole = most > 0 ? (size_t)((all * width + most - 1) / most) : 0;
	size_t denied = all > 0 ? (size_t)((r->counts[DENY] + r->counts[ERROR]) * whole / all) : 0;

	if (denied == 0 && r->counts[DENY] + r->counts[ERROR] > 0 && whole > 1)
		denied = 1;
	paint_blocks(screen, AP_RED, denied);
	paint_blocks(screen, AP_GREEN, whole - denied);
}

/* Cut to the columns that there are. */
static void write_name(const char *name, size_t columns)
{
	size_t next, length = ap_wrap(name, columns, '\0', &next);

	printf("%.*s", (int)length, name);
}

/* How wide each column is; `bar` is 0 where there is no terminal, or no room for one. */
typedef struct {
	size_t name, counts[N_COUNTS], bar;
	uint64_t most; /* what the longest bar stands for */
} layout;

static layout lay_out(ap_summary *s, size_t by, const char *title, size_t shown)
{
	layout l = { .name = strlen(title) };
	size_t columns = s->context->screen.columns, numbers = 0;

	for (size_t k = 0; k < N_COUNTS; k++)
		l.counts[k] = strlen(count_names[k]);
	for (size_t i = 0; i < shown; i++) {
		const row *r = &s->by[by].rows[i];
		size_t width = ap_width(shown_name(s->context, by, r));

		l.name = width > l.name ? width : l.name;
		l.most = decided(r->counts) > l.most ? decided(r->counts) : l.most;
		for (size_t k = 0; k < N_COUNTS; k++)
			l.counts[k] = digits(r->counts[k]) > l.counts[k] ? digits(r->counts[k]) : l.counts[k];
	}
	for (size_t k = 0; k < N_COUNTS; k++)
		numbers += l.counts[k] + 2;
	if (columns > 0 && numbers + l.name > columns)
		l.name = columns > numbers + NAME_MIN ? columns - numbers : NAME_MIN;
	if (columns >= l.name + numbers + 2 + BAR_MIN)
		l.bar = columns - l.name - numbers - 2;
	l.bar = l.bar > BAR_MAX ? BAR_MAX : l.bar;
	return l;
}

static void write_title(const ap_screen *screen, const layout *l, const char *title)
{
	static const char *const titles[N_COUNTS] = { "ALLOW", "DENY", "ERROR", "WOULD" };

	ap_paint(screen, AP_BOLD, title, strlen(title));
	ap_blanks(l->name - strlen(title));
	for (size_t k = 0; k < N_COUNTS; k++)
		printf("  %*s", (int)l->counts[k], titles[k]);
	putchar('\n');
}

static void write_row(const ap_screen *screen, const layout *l, const char *name, const row *r)
{
	size_t width = ap_width(name);

	write_name(name, l->name);
	ap_blanks(width < l->name ? l->name - width : 0);
	for (size_t k = 0; k < N_COUNTS; k++)
		printf("  %*llu", (int)l->counts[k], (unsigned long long)r->counts[k]);
	if (l->bar > 0 && decided(r->counts) > 0) {
		ap_blanks(2);
		write_bar(screen, r, l->most, l->bar);
	}
	putchar('\n');
}

static void write_table(ap_summary *s, size_t by, size_t top)
{
	static const char *const titles[] = { "POLICY", "MEMBER", "DAY" };
	const counted *c = &s->by[by];
	size_t shown = top > 0 && by != AP_SUMMARY_DAY && c->n > top ? top : c->n;
	layout l = lay_out(s, by, titles[by], shown);

	write_title(&s->context->screen, &l, titles[by]);
	for (size_t i = 0; i < shown; i++)
		write_row(&s->context->screen, &l, shown_name(s->context, by, &c->rows[i]), &c->rows[i]);
	if (shown < c->n)
		printf("and %zu more; --top 0 shows all\n", c->n - shown);
	putchar('\n');
}

static void write_text(ap_summary *s, const bool wanted[AP_N_SUMMARIES], size_t top)
{
	for (size_t i = 0; i < AP_N_SUMMARIES; i++)
		if (wanted[i])
			write_table(s, i, top);
	ap_paint_wrapped(
		&s->context->screen, AP_PLAIN,
		ap_format(
			s->context->arena,
			"%llu records: %llu allow, %llu deny, %llu error; in %llu of them a report-only policy would have "
			"decided otherwise",
			(unsigned long long)decided(s->total), (unsigned long long)s->total[ALLOW],
			(unsigned long long)s->total[DENY], (unsigned long long)s->total[ERROR],
			(unsigned long long)s->total[WOULD]),
		0);
}

/*
 * For machines
 */

static void set_counts(json_t *object, const uint64_t counts[N_COUNTS])
{
	for (size_t k = 0; k < N_COUNTS; k++)
		ap_json_set(object, count_names[k], json_integer((json_int_t)counts[k]));
}

static void write_json(ap_summary *s, const bool wanted[AP_N_SUMMARIES])
{
	json_t *object = ap_json_object();

	ap_json_set(object, "records", json_integer((json_int_t)decided(s->total)));
	set_counts(object, s->total);
	for (size_t i = 0; i < AP_N_SUMMARIES; i++) {
		json_t *list = wanted[i] ? ap_json_array() : json_null();

		for (size_t k = 0; wanted[i] && k < s->by[i].n; k++) {
			const row *r = &s->by[i].rows[k];
			json_t *one = ap_json_object();

			ap_json_set(one, "name", ap_json_name(s->context->arena, r->name));
			set_counts(one, r->counts);
			ap_json_append(list, one);
		}
		ap_json_set(object, ap_summary_names[i], list);
	}
	ap_audit_write_object(s->context, object);
}

static void write_csv(ap_summary *s, const bool wanted[AP_N_SUMMARIES])
{
	fputs("by,name,allow,deny,error,would\r\n", stdout);
	for (size_t i = 0; i < AP_N_SUMMARIES; i++) {
		for (size_t k = 0; wanted[i] && k < s->by[i].n; k++) {
			const row *r = &s->by[i].rows[k];

			printf("%s,", ap_summary_names[i]);
			ap_csv_value(s->context->screen.columns != 0 ? ap_printable(s->context->arena, r->name)
								     : r->name);
			for (size_t c = 0; c < N_COUNTS; c++)
				printf(",%llu", (unsigned long long)r->counts[c]);
			fputs("\r\n", stdout);
		}
	}
}

void ap_summary_write(ap_summary *s, const bool wanted[AP_N_SUMMARIES], size_t top, bool csv)
{
	sort(s);
	if (csv)
		write_csv(s, wanted);
	else if (s->context->json)
		write_json(s, wanted);
	else
		write_text(s, wanted, top);
}
