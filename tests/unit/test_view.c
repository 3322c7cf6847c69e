/*
 * What an image holds much of is found all the same: names in dictionaries of many buckets, numbers in spans, records in
 * tables of many blocks, addresses among hundreds of thousands of ranges. By both readers.
 */
#include "../../lib/login/view.h"
#include "../../lib/make/builder.h"
#include "../../lib/make/compile.h"
#include "../../lib/make/compile_nets.h"
#include "../../lib/make/load.h"
#include "effort.h"
#include "prng.h"
#include "rows.h"
#include "scratch.h"
#include "stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * An image that a test puts together itself, read from memory and from a file
 */

typedef struct {
	ap_arena *arena;
	ap_builder builder;
	ap_image *images[2];
} made;

static const char *const reader_names[2] = { "memory", "file" };

static void begin(made *m)
{
	m->arena = ap_arena_new();
	ap_builder_init(&m->builder, m->arena);
}

static void open_both(made *m)
{
	/* no place is left open in them: what a dictionary says of policies stands for itself */
	const uint32_t *const places[AP_N_REFS] = { NULL, NULL };
	void *bytes;
	size_t size;

	assert_int_equal(ap_builder_finish(&m->builder, places, 0, &bytes, &size, NULL), AP_OK);
	assert_int_equal(ap_stored_open_file(bytes, size, &m->images[1], NULL), AP_OK);
	assert_int_equal(ap_image_open("made", bytes, size, &m->images[0], NULL), AP_OK);
}

static void end(made *m)
{
	ap_image_free(m->images[0]);
	ap_image_free(m->images[1]);
	ap_builder_free(&m->builder);
	ap_arena_free(m->arena);
}

/*
 * Dictionaries
 */

static ap_dictionary_item item_of(const char *name, uint32_t number)
{
	size_t length = strlen(name);

	return (ap_dictionary_item){
		.name = name, .length = (uint32_t)length, .hash = ap_image_hash(name, length), .number = number
	};
}

static ap_dictionary build_dictionary(ap_builder *builder, const ap_dictionary_item *items, size_t n)
{
	ap_dictionary_builder d;
	uint64_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += ap_dictionary_item_bytes(items[i].length, items[i].concern.exceptions.n > 0);
	d = ap_dictionary_begin(builder, bytes);
	for (size_t i = 0; i < n; i++)
		ap_dictionary_add(builder, &d, &items[i]);
	return ap_dictionary_end(builder, &d);
}

static bool is_found(ap_view *view, const ap_dictionary *dictionary, const ap_dictionary_item *item)
{
	ap_subject_entry found = ap_view_find(view, dictionary, item->name, strlen(item->name));

	return found.known && view->sound && found.number == item->number &&
	       memcmp(&found.departments, &item->departments, sizeof(found.departments)) == 0 &&
	       memcmp(&found.concern, &item->concern, sizeof(found.concern)) == 0;
}

static bool is_missing(ap_view *view, const ap_dictionary *dictionary, const char *name, size_t length)
{
	ap_subject_entry found = ap_view_find(view, dictionary, name, length);

	return !found.known && found.number == AP_NONE && found.departments.n == 0 && found.concern.policies.n == 0 &&
	       found.concern.exceptions.n == 0 && view->sound;
}

/* Of the buckets that some name found full. */
static uint32_t count_passed(const ap_image *image, const ap_dictionary *dictionary)
{
	uint32_t n = 0;

	for (uint32_t i = 0; dictionary->n_buckets > 1 && i < dictionary->n_buckets; i++) {
		const void *at = ap_image_bytes(image, dictionary->at + i * AP_BLOCK_BYTES, sizeof(ap_image_bucket));
		ap_image_bucket bucket;

		assert_non_null(at);
		memcpy(&bucket, at, sizeof(bucket));
		n += bucket.passed;
	}
	return n;
}

/* Every name, each shortened and lengthened, is looked for; the number of buckets that are passed, by *ret_passed. */
static int check_dictionary(const char *what, made *m, const ap_dictionary_item *items, size_t n, uint32_t *ret_passed)
{
	const ap_dictionary *dictionary = &ap_image_head_of(m->images[0])->members;
	int failed = 0;

	for (size_t k = 0; k < 2; k++) {
		ap_view view = ap_view_of(m->images[k]);

		/* of very many, the file is asked for a part */
		for (size_t i = 0; i < n; i += k == 0 || n < 10000 ? 1 : 17) {
			size_t length = strlen(items[i].name);
			char longer[2048];

			(void)snprintf(longer, sizeof(longer), "%s~", items[i].name);
			AP_ROW(failed, is_found(&view, dictionary, &items[i]), "%s, %s: \"%s\" is not found", what,
			       reader_names[k], items[i].name);
			AP_ROW(failed, is_missing(&view, dictionary, longer, length + 1), "%s, %s: \"%s\" is found",
			       what, reader_names[k], longer);
			AP_ROW(failed, is_missing(&view, dictionary, items[i].name, length - 1),
			       "%s, %s: \"%s\" is found without its end", what, reader_names[k], items[i].name);
			if (failed > 20)
				return failed;
		}
		AP_ROW(failed, is_missing(&view, dictionary, "", 0), "%s, %s: nothing is found", what, reader_names[k]);
	}
	*ret_passed = count_passed(m->images[0], dictionary);
	return failed;
}

static int check_items(const char *what, const ap_dictionary_item *items, size_t n, uint32_t *ret_buckets,
		       uint32_t *ret_passed)
{
	made m = { 0 };
	int failed;

	begin(&m);
	m.builder.head.members = build_dictionary(&m.builder, items, n);
	*ret_buckets = m.builder.head.members.n_buckets;
	open_both(&m);
	failed = check_dictionary(what, &m, items, n, ret_passed);
	end(&m);
	return failed;
}

static char *numbered_name(ap_arena *arena, uint32_t number, size_t length)
{
	char *name = ap_arena_alloc(arena, length + 1);

	/* without its end it is no other's name */
	(void)snprintf(name, length + 1, "%0*u.", (int)length - 1, number);
	return name;
}

static void test_view_finds_each_of_few_or_many_names(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 2, 60, 130, 140, 1000, 50000, 300000 };
	ap_prng prng = ap_prng_seeded(41);
	uint32_t most = 300000 / ap_effort_step(6, 300);
	int failed = 0;

	(void)state;
	for (size_t s = 0; s < AP_N(sizes) && sizes[s] <= most; s++) {
		ap_arena *arena = ap_arena_new();
		ap_dictionary_item *items = ap_arena_alloc(arena, (sizes[s] + 1) * sizeof(*items));
		uint32_t buckets, passed = 0;

		for (uint32_t i = 0; i < sizes[s]; i++) {
			items[i] = item_of(numbered_name(arena, i, 6 + ap_prng_below(&prng, 30) + 1), i);
			items[i].departments = (ap_span){ .n = i % 3, .at = i };
			/* some are concerned, by exceptions, whose places stay as they are when there are none of one */
			if (i % 5 == 0)
				items[i].concern.exceptions = (ap_span){ .n = 2 + i % 7, .at = i };
		}
		failed += check_items("numbered", items, sizes[s], &buckets, &passed);
		print_message("%u names: %u buckets, %u of them passed\n", sizes[s], buckets, passed);
		AP_ROW(failed, sizes[s] < 1000 || buckets > 1, "%u names: one bucket", sizes[s]);
		AP_ROW(failed, sizes[s] < 300000 || buckets > 3000, "%u names: %u buckets", sizes[s], buckets);
		ap_arena_free(arena);
	}
	AP_ROWS_END(failed);
}

/* All names belong in one bucket, the last: it and the first ones, where one goes on behind the last, are passed. */
static void test_view_finds_names_that_share_a_bucket(void **state)
{
	enum { LENGTH = 40, N = 400 };
	ap_arena *arena = ap_arena_new();
	ap_dictionary_item *items = ap_arena_alloc(arena, N * sizeof(*items));
	uint32_t buckets, passed = 0, wanted = 0, n = 0, absent = 0;
	made m = { 0 };
	int failed = 0;

	(void)state;
	begin(&m);
	buckets = ap_dictionary_begin(&m.builder, ap_dictionary_item_bytes(LENGTH, false) * N).dictionary.n_buckets;
	for (; n < N; wanted++) {
		items[n] = item_of(numbered_name(arena, wanted, LENGTH), n);
		n += items[n].hash % buckets == buckets - 1;
	}
	m.builder.head.members = build_dictionary(&m.builder, items, N);
	assert_int_equal(m.builder.head.members.n_buckets, buckets);
	open_both(&m);
	failed = check_dictionary("crowded", &m, items, N, &passed);
	/* those that are not there are looked for in all that was passed, and no further */
	for (uint32_t i = 0; i < 2000; i++) {
		ap_view view = ap_view_of(m.images[i % 2]);
		const char *name = numbered_name(arena, wanted + i, LENGTH);

		AP_ROW(failed, is_missing(&view, &ap_image_head_of(m.images[0])->members, name, LENGTH), "%s", name);
		absent++;
	}
	end(&m);
	ap_arena_free(arena);
	print_message("%u names in one of %u buckets: %u passed, %u others not found\n", N, buckets, passed, absent);
	assert_true(passed > 1 && passed < buckets);
	AP_ROWS_END(failed);
}

/* Of the same hash and length, and another name: it is the name that counts. */
static void test_view_is_not_content_with_a_hash(void **state)
{
	ap_dictionary_item items[2] = { item_of("bert", 2), item_of("anna", 1) };

	(void)state;
	items[0].hash = items[1].hash;
	for (size_t n = 1; n <= 2; n++) {
		made m = { 0 };

		begin(&m);
		m.builder.head.members = build_dictionary(&m.builder, items, n);
		open_both(&m);
		for (size_t k = 0; k < 2; k++) {
			ap_view view = ap_view_of(m.images[k]);
			const ap_dictionary *members = &ap_image_head_of(m.images[k])->members;

			assert_int_equal(is_found(&view, members, &items[1]), n == 2);
			assert_int_equal(is_missing(&view, members, "anna", 4), n == 1);
		}
		end(&m);
	}
}

/*
 * A directory of many, through the reader and the compiler
 */

enum { N_DEPARTMENTS = 500 };

static char *write_directory(const char *folder, unsigned n_members)
{
	char *text = NULL, *path;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned i = 0; i < n_members; i++) {
		(void)fprintf(out, "Member%u@a%u.example,d%u/s%u\n", i, i % 7, i % N_DEPARTMENTS, i % 3);
		if (i % 10 == 0)
			(void)fprintf(out, "member%u@a%u.example,d%u\n", i, i % 7, (i + 1) % N_DEPARTMENTS);
	}
	assert_int_equal(fclose(out), 0);
	path = ap_scratch_write(folder, "members.csv", text, 0644);
	free(text);
	return path;
}

static ap_policy_set *load(const char *name, const char *text)
{
	ap_diagnostics diagnostics = { 0 };
	ap_policy_set *set = NULL;
	ap_status status = ap_load_text(name, text, strlen(text), &set, &diagnostics);

	for (size_t i = 0; status != AP_OK && i < diagnostics.n && i < 5; i++)
		print_error("%s:%u: %s\n", diagnostics.items[i].file, diagnostics.items[i].line,
			    diagnostics.items[i].message);
	ap_diagnostics_clear(&diagnostics);
	return set;
}

static int check_member(ap_view *view, unsigned i)
{
	char name[64], expected[2][32];
	size_t length = (size_t)snprintf(name, sizeof(name), "member%u@a%u.example", i, i % 7), n = i % 10 == 0 ? 2 : 1;
	ap_subject_entry found = ap_view_find(view, &ap_image_head_of(view->image)->members, name, length);
	int failed = 0;

	(void)snprintf(expected[0], sizeof(expected[0]), "d%u/s%u", i % N_DEPARTMENTS, i % 3);
	(void)snprintf(expected[1], sizeof(expected[1]), "d%u", (i + 1) % N_DEPARTMENTS);
	AP_ROW(failed, found.known && found.departments.n == n, "%s: %u departments", name, found.departments.n);
	for (uint32_t k = 0; k < found.departments.n; k++) {
		ap_image_department d = ap_view_department_at(view, ap_view_number(view, found.departments, k));
		const char *path = ap_view_string(view, d.name);

		AP_ROW(failed, strcmp(path, expected[0]) == 0 || (n == 2 && strcmp(path, expected[1]) == 0), "%s: %s",
		       name, path);
	}
	AP_ROW(failed, is_missing(view, &ap_image_head_of(view->image)->anywhere, name, length), "%s: anywhere", name);
	return failed;
}

static void test_view_finds_the_departments_of_a_large_directory(void **state)
{
	unsigned n_members = 200000 / ap_effort_step(4, 20);
	char *folder = ap_scratch_new(), *members = write_directory(folder, n_members),
	     *name = ap_scratch_path(folder, "test.conf");
	made m = { 0 };
	ap_policy_set *set;
	void *bytes;
	size_t size;
	int failed = 0;

	(void)state;
	set = load(name,
		   "directory = [ \"members.csv\" ];\n"
		   "policies = ( { name = \"p\"; type = \"blacklist\"; ip = [ \"10.0.0.0/8\" ];\n"
		   "  scope = { departments = [ \"d7/*\" ]; members = [ \"member7@a0.example\", \"m@\" ]; }; } );\n");
	assert_non_null(set);
	assert_int_equal(ap_compile(set, 0, &bytes, &size, NULL), AP_OK);
	ap_policy_set_free(set);
	assert_int_equal(ap_stored_open_file(bytes, size, &m.images[1], NULL), AP_OK);
	assert_int_equal(ap_image_open("made", bytes, size, &m.images[0], NULL), AP_OK);
	for (size_t k = 0; k < 2; k++) {
		ap_view view = ap_view_of(m.images[k]);

		for (unsigned i = 0; i < n_members && failed < 20; i += k == 0 ? 1 : 37)
			failed += check_member(&view, i);
		AP_ROW(failed, is_missing(&view, &ap_image_head_of(m.images[k])->members, "member7@a1.example", 18),
		       "another domain's");
		AP_ROW(failed, ap_view_find(&view, &ap_image_head_of(m.images[k])->anywhere, "m@", 2).known, "m@");
		AP_ROW(failed, view.sound, "%s: unsound", reader_names[k]);
	}
	print_message("%u members: %u buckets, %u passed; %zu bytes\n", n_members,
		      ap_image_head_of(m.images[0])->members.n_buckets,
		      count_passed(m.images[0], &ap_image_head_of(m.images[0])->members), size);
	ap_image_free(m.images[0]);
	ap_image_free(m.images[1]);
	free(members);
	free(name);
	ap_scratch_free(folder);
	AP_ROWS_END(failed);
}

/*
 * Spans
 */

static void test_view_spans_of_none_one_and_many(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 100, 1019, 1020, 1021, 5000 };
	enum { MOST = 5000 };
	uint32_t numbers[MOST];
	ap_span spans[AP_N(sizes)];
	made m = { 0 };
	int failed = 0;

	(void)state;
	for (uint32_t i = 0; i < MOST; i++)
		numbers[i] = i * 3 + 5;
	begin(&m);
	for (size_t s = 0; s < AP_N(sizes); s++)
		spans[s] = ap_builder_span(&m.builder, numbers, sizes[s]);
	open_both(&m);
	for (size_t s = 0; s < AP_N(sizes) * 2; s++) {
		size_t n = sizes[s / 2];
		ap_view view = ap_view_of(m.images[s % 2]);

		AP_ROW(failed, spans[s / 2].n == n, "%zu numbers: %u", n, spans[s / 2].n);
		for (uint32_t i = 0; i < n; i++)
			AP_ROW(failed, ap_view_number(&view, spans[s / 2], i) == numbers[i], "%zu numbers: the %u-th",
			       n, i);
		for (uint32_t value = 0; value < 3 * n + 10; value++)
			AP_ROW(failed,
			       ap_view_span_holds(&view, spans[s / 2], value) ==
				       (value >= 5 && value < 3 * n + 5 && value % 3 == 2),
			       "%zu numbers: %u", n, value);
		AP_ROW(failed, !ap_view_span_holds(&view, spans[s / 2], AP_NONE) && view.sound, "%zu numbers: none", n);
		AP_ROW(failed, ap_view_number(&view, spans[s / 2], (uint32_t)n) == 0 && !view.sound,
		       "%zu numbers: one more", n);
	}
	end(&m);
	AP_ROWS_END(failed);
}

/*
 * What stands across blocks
 */

enum { N_BYTES = 12 * AP_BLOCK_BYTES };

/* What one reader has, and the next call may overwrite. */
static bool has_bytes(const ap_image *image, uint32_t place, const uint8_t *expected, size_t size)
{
	const void *at = ap_image_bytes(image, place, size);

	return at != NULL && memcmp(at, expected, size) == 0;
}

static void test_view_bytes_wherever_they_stand(void **state)
{
	ap_prng prng = ap_prng_seeded(44);
	static uint8_t bytes[N_BYTES];
	uint32_t start;
	made m = { 0 };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)ap_prng_next(&prng);
	begin(&m);
	start = ap_builder_put(&m.builder, bytes, sizeof(bytes));
	open_both(&m);
	for (int i = 0; i < 20000; i++) {
		uint32_t size = ap_prng_chance(&prng, 30) ? AP_BLOCK_BYTES - ap_prng_below(&prng, 3)
							  : 1 + ap_prng_below(&prng, 300);
		uint32_t at = ap_prng_below(&prng, N_BYTES - size + 1);

		/* every other one ends or begins near a block's end */
		if (i % 2 == 0 && at > 2 * AP_BLOCK_BYTES)
			at = at / AP_BLOCK_BYTES * AP_BLOCK_BYTES - start - ap_prng_below(&prng, 300);
		for (size_t k = 0; k < 2; k++)
			AP_ROW(failed, has_bytes(m.images[k], start + at, bytes + at, size), "%s: %u bytes at %u",
			       reader_names[k], size, at);
	}
	/* more than a block is no record of anything; what is read so far stays readable */
	AP_ROW(failed, ap_image_bytes(m.images[1], 3 * AP_BLOCK_BYTES + 1, AP_BLOCK_BYTES + 1) == NULL,
	       "more than a block");
	AP_ROW(failed, has_bytes(m.images[1], start, bytes, AP_BLOCK_BYTES), "the first again");
	end(&m);
	AP_ROWS_END(failed);
}

/* A string lives as long as its image, whatever is read after it. */
static void test_view_strings_of_any_length_stay(void **state)
{
	enum { N_STRINGS = 400 };
	ap_prng prng = ap_prng_seeded(45);
	char *texts[N_STRINGS];
	const char *found[2][N_STRINGS];
	uint32_t places[N_STRINGS];
	made m = { 0 };
	int failed = 0;

	(void)state;
	begin(&m);
	for (size_t i = 0; i < N_STRINGS; i++) {
		uint32_t most = i % 20 == 0 ? 3 * AP_BLOCK_BYTES : 200, length = ap_prng_below(&prng, most);

		texts[i] = calloc(1, length + 1);
		for (uint32_t k = 0; k < length; k++)
			texts[i][k] = (char)('a' + ap_prng_below(&prng, 26));
		places[i] = ap_builder_next_string(&m.builder, texts[i]);
	}
	open_both(&m);
	for (size_t i = 0; i < N_STRINGS * 2; i++)
		found[i % 2][i / 2] = ap_image_string(m.images[i % 2], places[i / 2]);
	for (size_t i = 0; i < N_STRINGS * 2; i++)
		AP_ROW(failed, found[i % 2][i / 2] != NULL && strcmp(found[i % 2][i / 2], texts[i / 2]) == 0,
		       "%s: string %zu", reader_names[i % 2], i / 2);
	end(&m);
	for (size_t i = 0; i < N_STRINGS; i++)
		free(texts[i]);
	AP_ROWS_END(failed);
}

/*
 * Tables
 */

static bool client_is(ap_view *view, uint32_t i)
{
	ap_image_client record = ap_view_client(view, i);

	return record.name == i * 2 && record.local == i;
}

static bool group_is(ap_view *view, uint32_t i)
{
	ap_image_group record = ap_view_group(view, i);

	return record.name == i && record.concern.exceptions.at == i + 7;
}

static bool hint_is(ap_view *view, uint32_t i)
{
	ap_image_hint record = ap_view_hint(view, i);

	return record.client == i && record.env.at == i + 9;
}

static bool domain_is(ap_view *view, uint32_t i)
{
	return ap_view_domain(view, i) == i * 5;
}

static bool source_is(ap_view *view, uint32_t i)
{
	ap_image_source record = ap_view_source(view, i);

	return record.path == i && record.sha256[31] == (uint8_t)i;
}

static void fill_record(ap_table_kind kind, uint32_t i, void *record)
{
	switch (kind) {
	case AP_TABLE_CLIENTS:
		*(ap_image_client *)record = (ap_image_client){ .name = i * 2, .local = i };
		break;
	case AP_TABLE_GROUPS:
		*(ap_image_group *)record = (ap_image_group){ .name = i, .concern.exceptions.at = i + 7 };
		break;
	case AP_TABLE_HINTS:
		*(ap_image_hint *)record = (ap_image_hint){ .client = i, .env.at = i + 9 };
		break;
	case AP_TABLE_DOMAINS:
		*(uint32_t *)record = i * 5;
		break;
	default:
		*(ap_image_source *)record = (ap_image_source){ .path = i, .sha256[31] = (uint8_t)i };
		break;
	}
}

static const struct {
	ap_table_kind kind;
	size_t record_bytes;
	bool (*is)(ap_view *view, uint32_t number);
} tables[] = {
	{ AP_TABLE_CLIENTS, sizeof(ap_image_client), client_is }, { AP_TABLE_GROUPS, sizeof(ap_image_group), group_is },
	{ AP_TABLE_HINTS, sizeof(ap_image_hint), hint_is },       { AP_TABLE_DOMAINS, sizeof(uint32_t), domain_is },
	{ AP_TABLE_SOURCES, sizeof(ap_image_source), source_is },
};

/* None, one, as many as fit in a block, one more, and many. */
static void test_view_tables_longer_than_a_block(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(tables) * 6; i++) {
		size_t t = i / 6, fit = AP_BLOCK_BYTES / tables[t].record_bytes;
		const size_t sizes[6] = { 0, 1, fit - 1, fit, fit + 1, 7 * fit + 3 };
		uint32_t n = (uint32_t)sizes[i % 6];
		uint8_t *records = calloc(n + 1, tables[t].record_bytes);
		made m = { 0 };

		for (uint32_t k = 0; k < n; k++)
			fill_record(tables[t].kind, k, records + k * tables[t].record_bytes);
		begin(&m);
		(void)ap_builder_reserve(&m.builder, 100 * i);
		m.builder.head.tables[tables[t].kind] =
			ap_builder_table(&m.builder, records, n, tables[t].record_bytes);
		open_both(&m);
		for (size_t k = 0; k < 2; k++) {
			ap_view view = ap_view_of(m.images[k]);

			AP_ROW(failed, ap_image_count(m.images[k], tables[t].kind) == n, "table %zu: count", t);
			for (uint32_t number = 0; number < n; number++)
				AP_ROW(failed, tables[t].is(&view, number), "table %zu of %u: %u", t, n, number);
			AP_ROW(failed, view.sound, "table %zu of %u: unsound", t, n);
			(void)tables[t].is(&view, n);
			AP_ROW(failed, !view.sound, "table %zu of %u: one more", t, n);
		}
		end(&m);
		free(records);
	}
	AP_ROWS_END(failed);
}

/*
 * Nets
 */

typedef struct {
	ap_u128 first, last;
	uint32_t network; /* 0 or 1: neighbours are of different ones where they touch */
} reference;

static ap_address address_of(ap_family family, ap_u128 number)
{
	ap_address address = { .family = family };

	for (size_t i = family == AP_ADDRESS_IPV4 ? 4 : 16; i-- > 0; number >>= 8)
		address.bytes[i] = (uint8_t)number;
	return address;
}

static ap_range range_of(ap_family family, const reference *r)
{
	const ap_address first = address_of(family, r->first), last = address_of(family, r->last);
	ap_range range = { .family = family };

	memcpy(range.first, first.bytes, sizeof(range.first));
	memcpy(range.last, last.bytes, sizeof(range.last));
	return range;
}

static ap_u128 last_of(ap_family family)
{
	return family == AP_ADDRESS_IPV4 ? UINT32_MAX : ~(ap_u128)0;
}

static ap_u128 random_below(ap_prng *prng, ap_u128 n)
{
	return n > 0 ? ((ap_u128)ap_prng_next(prng) << 64 | ap_prng_next(prng)) % n : 0;
}

/* n disjoint ranges over the whole of a family; with `to_the_ends` the first and the last address are in them. */
static reference *random_ranges(ap_prng *prng, ap_family family, size_t n, bool to_the_ends)
{
	reference *ranges = calloc(n + 1, sizeof(*ranges));
	ap_u128 at = 0, step = n > 0 ? last_of(family) / n : 0;

	for (size_t i = 0; i < n; i++) {
		ap_u128 end = i + 1 < n ? step * (i + 1) : last_of(family);
		bool touches = i > 0 && ap_prng_chance(prng, 30);
		ap_u128 gap = touches || (i == 0 && to_the_ends) ? 0 : 1 + random_below(prng, (end - at) / 2);

		ranges[i].first = at + gap;
		ranges[i].last = ap_prng_chance(prng, 20) ? ranges[i].first
							  : ranges[i].first + random_below(prng, end - ranges[i].first);
		if (i + 1 == n && to_the_ends)
			ranges[i].last = last_of(family);
		/* `at` is the next free one */
		ranges[i].network = i % 2;
		at = ranges[i].last + 1;
	}
	return ranges;
}

/* Two feeds, each with every second range, out of order. */
static ap_policy_set *set_of(ap_prng *prng, ap_family family, const reference *ranges, size_t n)
{
	ap_policy_set *set = ap_policy_set_new();

	set->networks = ap_arena_alloc(set->arena, 2 * sizeof(*set->networks));
	set->n_networks = 2;
	for (size_t k = 0; k < 2; k++) {
		ap_network_def *network = &set->networks[k];

		network->name = ap_arena_strdup(set->arena, k == 0 ? "even" : "odd");
		for (size_t i = k; i < n; i += 2)
			*AP_PUSH(set->arena, network->ranges, network->n_ranges) = range_of(family, &ranges[i]);
		for (size_t i = network->n_ranges; i > 1; i--) {
			size_t other = ap_prng_below(prng, (uint32_t)i);
			ap_range kept = network->ranges[i - 1];

			network->ranges[i - 1] = network->ranges[other];
			network->ranges[other] = kept;
		}
	}
	return set;
}

/* The net stands where the test finds it: as the default message. */
static void build_net(made *m, const ap_policy_set *set)
{
	char names[2][8] = { "@even", "@odd" };
	ap_entry entries[2] = { { .kind = AP_ENTRY_NETWORK, .network = 0, .text = names[0] },
				{ .kind = AP_ENTRY_NETWORK, .network = 1, .text = names[1] } };
	const ap_entries listed = { .items = entries, .n = 2 };
	const ap_list no_regions = { 0 };
	ap_net_compiler c;

	begin(m);
	ap_net_compiler_init(&c, set, &m->builder);
	m->builder.head.settings.message = ap_write_net(&c, ap_prepare_net(&c, &listed, &no_regions));
	ap_write_rest_of_nets(&c);
	open_both(m);
}

/* The range that holds the address, by looking between the ends of a sorted list; n where none does. */
static size_t find_reference(const reference *ranges, size_t n, ap_u128 number)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && ranges[low].first <= number ? low : n;
}

typedef struct {
	ap_view view;
	ap_image_net net;
	ap_family family;
	const reference *ranges;
	size_t n;
	size_t n_held, n_not_held;
} asking;

static bool agrees(asking *a, ap_u128 number)
{
	const ap_address address = address_of(a->family, number);
	size_t expected = find_reference(a->ranges, a->n, number);
	ap_range found, wanted;
	uint32_t origin;

	if (!ap_view_find_range(&a->view, &a->net, &address, &found, &origin)) {
		a->n_not_held++;
		return expected == a->n && a->view.sound;
	}
	a->n_held++;
	if (expected == a->n)
		return false;
	wanted = range_of(a->family, &a->ranges[expected]);
	return memcmp(&found, &wanted, sizeof(found)) == 0 && a->view.sound && origin == a->ranges[expected].network;
}

/* Of every step-th range the addresses at its ends. */
static int ask_net(asking *a, ap_prng *prng, size_t step)
{
	const ap_image_ranges *ranges = a->family == AP_ADDRESS_IPV4 ? &a->net.ranges4 : &a->net.ranges6;
	const ap_u128 end = last_of(a->family);
	uint32_t origin;
	int failed = 0;

	for (size_t i = 0; i < a->n && failed < 20; i += step) {
		const reference *r = &a->ranges[i];
		const ap_range wanted = range_of(a->family, r),
			       found = ap_view_range(&a->view, ranges, a->family, (uint32_t)i, &origin);

		AP_ROW(failed, agrees(a, r->first), "range %zu of %zu: its first", i, a->n);
		AP_ROW(failed, agrees(a, r->last), "range %zu of %zu: its last", i, a->n);
		AP_ROW(failed, r->first == 0 || agrees(a, r->first - 1), "range %zu of %zu: before it", i, a->n);
		AP_ROW(failed, r->last == end || agrees(a, r->last + 1), "range %zu of %zu: behind it", i, a->n);
		AP_ROW(failed, memcmp(&found, &wanted, sizeof(found)) == 0, "range %zu of %zu: by number", i, a->n);
	}
	AP_ROW(failed, agrees(a, 0) && agrees(a, end), "of %zu: the first or last of all", a->n);
	for (int i = 0; i < 20000; i++)
		AP_ROW(failed, agrees(a, random_below(prng, end)), "of %zu: a random address", a->n);
	return failed;
}

static int check_net(ap_prng *prng, ap_family family, size_t n, bool to_the_ends)
{
	reference *ranges = random_ranges(prng, family, n, to_the_ends);
	ap_policy_set *set = set_of(prng, family, ranges, n);
	size_t held = 0, not_held = 0;
	uint32_t levels = 0;
	made m = { 0 };
	int failed = 0;

	build_net(&m, set);
	for (size_t k = 0; k < 2; k++) {
		asking a = { .view = ap_view_of(m.images[k]), .family = family, .ranges = ranges, .n = n };
		const ap_image_ranges *of_family;

		a.net = ap_view_net(&a.view, ap_image_head_of(m.images[k])->settings.message);
		of_family = family == AP_ADDRESS_IPV4 ? &a.net.ranges4 : &a.net.ranges6;
		for (levels = 0; levels < AP_RANGES_LEVELS && of_family->samples[levels] != 0;)
			levels++;
		AP_ROW(failed, of_family->n == n, "%zu ranges: %u", n, of_family->n);
		/* of very many, the file is asked for a part */
		failed += ask_net(&a, prng, k == 0 || n < 200000 ? 1 : 7);
		AP_ROW(failed, a.view.sound, "%zu ranges: unsound", n);
		held += a.n_held;
		not_held += a.n_not_held;
	}
	print_message("IPv%d, %zu ranges%s: %u levels of samples; %zu addresses held, %zu not\n",
		      family == AP_ADDRESS_IPV4 ? 4 : 6, n, to_the_ends ? " to the ends" : "", levels, held, not_held);
	end(&m);
	ap_policy_set_free(set);
	free(ranges);
	return failed;
}

static void test_view_finds_an_address_among_few_or_many_ranges(void **state)
{
	/* around what stands with the net, what one stretch holds, and what takes a second level of samples */
	static const size_t sizes[] = { 0,   1,   2,   28,  29,  85,   86,   100,    113,   114,
					226, 340, 341, 680, 681, 1000, 7232, 100000, 400000 };
	ap_prng prng = ap_prng_seeded(42);
	size_t most = 400000 / ap_effort_step(4, 50);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(sizes) && sizes[i] <= most; i++) {
		failed += check_net(&prng, AP_ADDRESS_IPV4, sizes[i], i % 2 == 0);
		failed += check_net(&prng, AP_ADDRESS_IPV6, sizes[i], i % 2 == 1);
		if (sizes[i] > 0 && sizes[i] <= 1000) {
			failed += check_net(&prng, AP_ADDRESS_IPV4, sizes[i], i % 2 == 1);
			failed += check_net(&prng, AP_ADDRESS_IPV6, sizes[i], i % 2 == 0);
		}
	}
	AP_ROWS_END(failed);
}

/* An address that is none is in no range, whatever stands there. */
static void test_view_finds_no_address_that_is_unknown_or_local(void **state)
{
	ap_prng prng = ap_prng_seeded(43);
	reference *ranges = random_ranges(&prng, AP_ADDRESS_IPV4, 3, true);
	ap_policy_set *set = set_of(&prng, AP_ADDRESS_IPV4, ranges, 3);
	const ap_address addresses[] = { { .family = AP_ADDRESS_UNKNOWN },
					 { .family = AP_ADDRESS_LOCAL },
					 { .family = AP_ADDRESS_IPV6 } };
	made m = { 0 };
	int failed = 0;

	(void)state;
	build_net(&m, set);
	for (size_t i = 0; i < AP_N(addresses) * 2; i++) {
		ap_view view = ap_view_of(m.images[i % 2]);
		const ap_image_net net = ap_view_net(&view, ap_image_head_of(view.image)->settings.message);
		ap_range range;
		uint32_t origin;

		AP_ROW(failed, !ap_view_find_range(&view, &net, &addresses[i / 2], &range, &origin) && view.sound,
		       "address %zu", i / 2);
	}
	end(&m);
	ap_policy_set_free(set);
	free(ranges);
	AP_ROWS_END(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_view_finds_each_of_few_or_many_names),
		cmocka_unit_test(test_view_finds_names_that_share_a_bucket),
		cmocka_unit_test(test_view_is_not_content_with_a_hash),
		cmocka_unit_test(test_view_finds_the_departments_of_a_large_directory),
		cmocka_unit_test(test_view_spans_of_none_one_and_many),
		cmocka_unit_test(test_view_bytes_wherever_they_stand),
		cmocka_unit_test(test_view_strings_of_any_length_stay),
		cmocka_unit_test(test_view_tables_longer_than_a_block),
		cmocka_unit_test(test_view_finds_an_address_among_few_or_many_ranges),
		cmocka_unit_test(test_view_finds_no_address_that_is_unknown_or_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
