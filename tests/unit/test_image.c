/* An image is not believed because it exists. */
#include "../../lib/login/evaluate.h"
#include "../../lib/login/explain.h"
#include "../../lib/login/image.h"
#include "compiled.h"
#include "prng.h"
#include "rich_policy.h"
#include "rows.h"

#include <stdlib.h>
#include <string.h>

static void *whole;
static size_t whole_size;

static int make_image(void **state)
{
	(void)state;
	whole = ap_test_image_bytes(rich_policy, &whole_size);
	return 0;
}

static int free_image(void **state)
{
	(void)state;
	free(whole);
	return 0;
}

/* A copy of exactly `size` bytes, so that a read behind its end is a fault. */
static void *copy_of(const void *bytes, size_t size)
{
	void *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return copy;
}

/* True if it is refused as damaged, and nothing was taken or written. */
static bool refused(const void *bytes, size_t size)
{
	ap_image *image = (ap_image *)&whole;
	void *copy = copy_of(bytes, size);
	ap_error error = { .status = AP_OK };
	ap_status status = ap_image_open("small.image", copy, size, &image, &error);

	if (status == AP_OK) {
		ap_image_free(image);
		return false;
	}
	free(copy);
	return status == AP_ERR_DAMAGED && error.status == status && image == (ap_image *)&whole &&
	       strcmp(error.file, "small.image") == 0 && error.message[0] != '\0';
}

static void test_image_opens_as_compiled(void **state)
{
	ap_image *image = NULL;

	(void)state;
	assert_int_equal(ap_image_open("x", copy_of(whole, whole_size), whole_size, &image, NULL), AP_OK);
	assert_int_equal(ap_image_count(image, AP_TABLE_POLICIES), 5);
	assert_int_equal(ap_image_count(image, AP_TABLE_EXCEPTIONS), 1);
	assert_int_equal(ap_image_count(image, AP_TABLE_SETTINGS), 1);
	for (int section = 0; section < AP_N_SECTIONS; section++)
		assert_true(ap_image_count(image, (ap_section)section) > 0);
	ap_image_free(image);
	ap_image_free(NULL);
}

static void test_image_refuses_every_truncation(void **state)
{
	int failed = 0;

	(void)state;
	for (size_t size = 0; size < whole_size; size++)
		AP_ROW(failed, refused(whole, size), "%zu bytes of %zu were accepted", size, whole_size);
	AP_ROWS_END(failed);
}

static void test_image_refuses_bytes_behind_its_end(void **state)
{
	uint8_t *longer = calloc(1, whole_size + 64);
	int failed = 0;

	(void)state;
	memcpy(longer, whole, whole_size);
	for (size_t more = 1; more <= 64; more++)
		AP_ROW(failed, refused(longer, whole_size + more), "%zu bytes more were accepted", more);
	free(longer);
	AP_ROWS_END(failed);
}

static void test_image_refuses_every_flipped_bit(void **state)
{
	uint8_t *flipped = copy_of(whole, whole_size);
	int failed = 0;

	(void)state;
	for (size_t bit = 0; bit < whole_size * 8; bit++) {
		flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
		AP_ROW(failed, refused(flipped, whole_size), "bit %zu of byte %zu flipped was accepted", bit % 8,
		       bit / 8);
		flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(flipped);
	AP_ROWS_END(failed);
}

static void test_image_refuses_what_is_none(void **state)
{
	static const char text[] = "policies = ();\n";
	uint8_t zeros[4096] = { 0 }, ones[4096];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_true(refused(text, sizeof(text)));
	assert_true(refused(zeros, sizeof(zeros)));
	assert_true(refused(ones, sizeof(ones)));
}

static void seal(uint8_t *bytes, size_t size)
{
	ap_image_header header;

	memcpy(&header, bytes, sizeof(header));
	header.checksum = 0;
	memcpy(bytes, &header, sizeof(header));
	header.checksum = ap_image_checksum(bytes, size);
	memcpy(bytes, &header, sizeof(header));
}

/* Faults of the header under a checksum that fits. */
static void test_image_refuses_headers_that_lie(void **state)
{
	int failed = 0;
	enum { N_LIES = 14 };

	(void)state;
	for (int lie = 0; lie < N_LIES; lie++) {
		uint8_t *bytes = copy_of(whole, whole_size);
		ap_image_header header;

		memcpy(&header, bytes, sizeof(header));
		switch (lie) {
		case 0:
			header.magic[0] = 'B';
			break;
		case 1:
			header.magic[7] = '1';
			break;
		case 2:
			header.version = AP_IMAGE_VERSION + 1;
			break;
		case 3:
			header.version = 0;
			break;
		case 4:
			header.byte_order = 0x04030201u;
			break;
		case 5:
			header.size = whole_size - 8;
			break;
		case 6:
			header.size = UINT64_MAX;
			break;
		case 7:
			header.n_sections = AP_N_SECTIONS - 1;
			break;
		case 8:
			header.n_sections = UINT32_MAX;
			break;
		case 9:
			header.sections[AP_TABLE_POLICIES].offset = whole_size + 8;
			break;
		case 10:
			header.sections[AP_TABLE_POLICIES].offset = UINT64_MAX - 7;
			break;
		case 11:
			header.sections[AP_TABLE_POLICIES].size = UINT64_MAX;
			break;
		case 12:
			header.sections[AP_TABLE_POLICIES].offset += 4;
			break;
		default:
			header.sections[AP_TABLE_SETTINGS].size = 0;
			break;
		}
		memcpy(bytes, &header, sizeof(header));
		seal(bytes, whole_size);
		AP_ROW(failed, refused(bytes, whole_size), "lie %d was accepted", lie);
		free(bytes);
	}
	AP_ROWS_END(failed);
}

/* CRC-32C written down bit by bit, and the test vector of RFC 3720, appendix B.4: 32 bytes of zeros. */
static uint32_t plain_crc32c(const uint8_t *bytes, size_t size)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

static void test_image_checksum_is_crc32c(void **state)
{
	uint8_t bytes[1024] = { 0 };
	ap_prng prng = ap_prng_seeded(21);
	ap_image_header header;

	(void)state;
	assert_int_equal(plain_crc32c(bytes, 32), 0x8a9136aau);
	for (int i = 0; i < 100; i++) {
		size_t size = sizeof(header) + ap_prng_below(&prng, (uint32_t)(sizeof(bytes) - sizeof(header)));
		uint8_t zeroed[sizeof(bytes)];

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)ap_prng_next(&prng);
		memcpy(zeroed, bytes, sizeof(bytes));
		memset(zeroed + offsetof(ap_image_header, checksum), 0, sizeof(header.checksum));
		assert_int_equal(ap_image_checksum(bytes, size), plain_crc32c(zeroed, size));
	}
}

static void test_image_finds_members(void **state)
{
	static const struct {
		const char *key;
		bool found;
	} keys[] = {
		{ "alice@example.com", true },
		{ "bob@example.com", true },
		{ "carol@example.org", true },
		{ "dora@", true },
		{ "cfo@example.com", true },
		{ "alice@", true },
		{ "alice", false },
		{ "bob", false },
		{ "dora@example.com", false },
		{ "alice@example.co", false },
		{ "", false },
		{ "@example.com", false },
	};
	ap_image *image = ap_test_image(rich_policy);
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(keys); i++) {
		ap_view view = ap_view_of(image);
		uint32_t number = ap_view_find_member(&view, keys[i].key, strlen(keys[i].key));

		AP_ROW(failed, (number != AP_NONE) == keys[i].found && view.sound, "row %zu: \"%s\"", i, keys[i].key);
		if (number != AP_NONE)
			AP_ROW(failed,
			       strcmp(ap_view_string(&view, ap_view_member(&view, number).key), keys[i].key) == 0,
			       "row %zu: another member", i);
	}
	ap_image_free(image);
	AP_ROWS_END(failed);
}

/* Each reader answers a zeroed record and marks the view, once, for good. */
static void test_image_marks_what_is_out_of_bounds(void **state)
{
	ap_image *image = ap_test_image(rich_policy);
	static const uint32_t numbers[] = { 1000000, AP_NONE - 1, AP_NONE };
	int failed = 0;

	(void)state;
	for (size_t i = 0; i < AP_N(numbers); i++) {
		for (int reader = 0; reader < 11; reader++) {
			ap_view view = ap_view_of(image);
			ap_span span = { 0, 4 }, far = { numbers[i], 4 };

			switch (reader) {
			case 0:
				AP_ROW(failed, ap_view_string(&view, numbers[i])[0] == '\0', "string");
				break;
			case 1:
				AP_ROW(failed, ap_view_number(&view, span, 4) == 0, "index");
				break;
			case 2:
				AP_ROW(failed, ap_view_number(&view, far, 3) == 0, "span");
				break;
			case 3:
				AP_ROW(failed, ap_view_client(&view, numbers[i]).name == 0, "client");
				break;
			case 4:
				AP_ROW(failed, ap_view_hint(&view, numbers[i]).service.n == 0, "hint");
				break;
			case 5:
				AP_ROW(failed, ap_view_group(&view, numbers[i]) == 0, "group");
				break;
			case 6:
				AP_ROW(failed, ap_view_department(&view, numbers[i]).name == 0, "department");
				break;
			case 7:
				AP_ROW(failed, ap_view_policy(&view, numbers[i]).name == 0, "policy");
				break;
			case 8:
				AP_ROW(failed, ap_view_exception(&view, numbers[i]).name == 0, "exception");
				break;
			case 9:
				AP_ROW(failed, ap_view_net(&view, numbers[i]).ranges4.n == 0, "net");
				break;
			default:
				AP_ROW(failed, ap_view_member(&view, numbers[i]).key == 0, "member");
				break;
			}
			AP_ROW(failed, !view.sound, "reader %d, number %u: not marked", reader, numbers[i]);
			(void)ap_view_settings(&view);
			AP_ROW(failed, !view.sound, "reader %d: the mark was lost", reader);
		}
	}
	ap_image_free(image);
	AP_ROWS_END(failed);
}

/*
 * Garbage under a checksum that fits
 */

/* No name services: garbage must not be sent to a directory server. */
static int no_passwd(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **ret)
{
	static char empty[] = "";

	(void)buffer;
	(void)size;
	*ret = NULL;
	if (strncmp(name, "alice", 5) != 0)
		return 0;
	*entry = (struct passwd){
		.pw_name = empty, .pw_passwd = empty, .pw_gecos = empty, .pw_dir = empty, .pw_shell = empty, .pw_gid = 5
	};
	*ret = entry;
	return 0;
}

static int no_group(const char *name, struct group *entry, char *buffer, size_t size, struct group **ret)
{
	static char empty[] = "";
	static char *nobody[] = { NULL };

	(void)buffer;
	(void)size;
	*ret = NULL;
	if (strlen(name) % 2 != 0)
		return 0;
	*entry =
		(struct group){ .gr_name = empty, .gr_passwd = empty, .gr_gid = (gid_t)strlen(name), .gr_mem = nobody };
	*ret = entry;
	return 0;
}

static int no_list(const char *name, gid_t gid, gid_t *gids, int *n)
{
	(void)name;
	gids[0] = gid;
	*n = 1;
	return 1;
}

static const ap_nss no_services = { no_passwd, no_group, no_list };

typedef struct {
	const ap_image *image;
	const ap_request *request;
	size_t n_answers;
	size_t n_bytes;
} listener;

static void explain_answer(void *context, const ap_image_policy *policy, const ap_answer *answer)
{
	const ap_why *whys[] = { &answer->why_active, &answer->why_scope, &answer->why_client, &answer->why_network };
	listener *l = context;
	char text[AP_EXPLAIN_MAX];

	(void)policy;
	l->n_answers++;
	for (size_t i = 0; i < AP_N(whys); i++)
		l->n_bytes += strlen(ap_explain_why(l->image, l->request, whys[i], text, sizeof(text)));
}

static const char *const env[] = { "KIOSK=1", "LANG=C", "SSH_CONNECTION=203.0.113.7 1 10.0.0.1 22", NULL };

static const ap_facts logins[] = {
	{ .user = "alice", .rhost = "192.168.1.5", .service = "roundcube", .now = 1790000000, .nss = &no_services },
	{ .user = "bob@example.com",
	  .rhost = "2001:db8:1::5",
	  .service = "kiosk-1",
	  .tty = "tty9",
	  .ruser = "k1",
	  .env = env,
	  .now = 1790000000,
	  .nss = &no_services },
	{ .user = "carol@example.org",
	  .rhost = "mail.example.com",
	  .service = "sshd",
	  .env = env,
	  .now = 1,
	  .nss = &no_services },
	{ .user = "dora@example.net", .service = "login", .now = INT64_MAX, .nss = &no_services },
	{ .user = "", .rhost = "10.1.2.3", .client = "native", .now = 1790000000, .nss = &no_services },
	{ .user = "alice", .at_machine = true, .client = "web", .now = INT64_MIN, .nss = &no_services },
};

typedef struct {
	size_t n_opened, n_decided, n_damaged, n_policy, n_policy_explained;
} outcome;

static void use_decision(const ap_image *image, const ap_request *request, ap_decision *decision, outcome *count)
{
	char text[AP_EXPLAIN_MAX];

	assert_true(decision->verdict == AP_ALLOW || decision->verdict == AP_DENY);
	assert_true(decision->reason >= AP_REASON_BLACKLISTED && decision->reason <= AP_REASON_DEFAULT);
	assert_non_null(ap_decision_message(image, decision));
	count->n_policy_explained += strlen(ap_explain_client(image, request, text, sizeof(text)));
	count->n_policy_explained += strlen(ap_explain_address(request, text, sizeof(text)));
	ap_decision_clear(decision);
	count->n_decided++;
}

static void evaluate_login(const ap_image *image, const ap_facts *facts, uint32_t only, outcome *count)
{
	listener l = { .image = image };
	ap_evaluate_options options = { .only = only, .hook = explain_answer, .hook_context = &l };
	ap_decision decision;
	ap_request request;
	ap_status status = ap_request_init(&request, image, facts, NULL);

	if (status != AP_OK) {
		assert_true(status == AP_ERR_DAMAGED || status == AP_ERR_POLICY);
		count->n_policy++;
		return;
	}
	l.request = &request;
	memset(&decision, 0x5a, sizeof(decision));
	status = ap_evaluate(image, &request, &options, &decision, NULL);
	if (status == AP_OK) {
		use_decision(image, &request, &decision, count);
	} else {
		static const ap_decision zeroed;

		assert_int_equal(status, AP_ERR_DAMAGED);
		assert_true(decision.verdict != AP_ALLOW && decision.would == zeroed.would && decision.n_would == 0);
		count->n_damaged++;
	}
	ap_request_clear(&request);
}

/* Values that do more harm than random bytes: just inside, just outside, and where sums wrap. */
static uint32_t harmful(ap_prng *prng)
{
	static const uint32_t values[] = { 0, 1, 2, 7, 8, 16, 255, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };

	return ap_prng_chance(prng, 50) ? values[ap_prng_below(prng, AP_N(values))] : ap_prng_below(prng, 400);
}

static void spoil(ap_prng *prng, uint8_t *bytes, size_t size)
{
	size_t start = sizeof(ap_image_header);
	uint32_t n = 1 + ap_prng_below(prng, 6);

	if (ap_prng_chance(prng, 10))
		start = offsetof(ap_image_header, sections);
	for (uint32_t i = 0; i < n; i++) {
		size_t at = start + ap_prng_below(prng, (uint32_t)(size - start));
		uint32_t value = harmful(prng);

		if (ap_prng_chance(prng, 30)) {
			bytes[at] = (uint8_t)ap_prng_next(prng);
			continue;
		}
		at &= ~(size_t)3;
		if (at + sizeof(value) <= size && at >= start)
			memcpy(bytes + at, &value, sizeof(value));
	}
	if (ap_prng_chance(prng, 2))
		for (size_t at = sizeof(ap_image_header); at < size; at++)
			bytes[at] = (uint8_t)ap_prng_next(prng);
}

static void test_image_garbage_is_damaged_or_decided(void **state)
{
	ap_prng prng = ap_prng_seeded(22);
	outcome count = { 0 };
	enum { N_IMAGES = 20000 };

	(void)state;
	for (int i = 0; i < N_IMAGES; i++) {
		uint8_t *bytes = copy_of(whole, whole_size);
		ap_image *image = NULL;

		spoil(&prng, bytes, whole_size);
		seal(bytes, whole_size);
		if (ap_image_open("spoilt", bytes, whole_size, &image, NULL) != AP_OK) {
			free(bytes);
			continue;
		}
		count.n_opened++;
		for (size_t k = 0; k < 3; k++)
			evaluate_login(image, &logins[ap_prng_below(&prng, AP_N(logins))],
				       ap_prng_chance(&prng, 20) ? ap_prng_below(&prng, 6) : AP_NONE, &count);
		ap_image_free(image);
	}
	print_message("%d images: %zu opened; %zu logins decided, %zu damaged, %zu without a request\n", N_IMAGES,
		      count.n_opened, count.n_decided, count.n_damaged, count.n_policy);
	assert_true(count.n_opened > N_IMAGES / 2);
	assert_true(count.n_decided > 1000 && count.n_damaged > 1000 && count.n_policy_explained > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_image_opens_as_compiled),
		cmocka_unit_test(test_image_refuses_every_truncation),
		cmocka_unit_test(test_image_refuses_bytes_behind_its_end),
		cmocka_unit_test(test_image_refuses_every_flipped_bit),
		cmocka_unit_test(test_image_refuses_what_is_none),
		cmocka_unit_test(test_image_refuses_headers_that_lie),
		cmocka_unit_test(test_image_checksum_is_crc32c),
		cmocka_unit_test(test_image_finds_members),
		cmocka_unit_test(test_image_marks_what_is_out_of_bounds),
		cmocka_unit_test(test_image_garbage_is_damaged_or_decided),
	};

	return cmocka_run_group_tests(tests, make_image, free_image);
}
