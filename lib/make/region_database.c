#include "region_database.h"

#include "../login/file.h"
#include "isolated.h"
#include "region_walk.h"
#include "timestamp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TYPE_MAX = 64 };

static const uint64_t size_limit = (uint64_t)512 * 1024 * 1024; /* as of other files */
static const size_t work_memory = (size_t)1024 * 1024 * 1024;
static const int64_t last_second = 253402300799; /* of the year 9999 */

/*
 * From the child to its parent: a head, and the arrays behind it, each aligned for any type
 */

enum { ALIGNMENT = 16 };

typedef struct {
	char type[TYPE_MAX];
	int64_t built;
	bool has_subdivisions;
	uint64_t n_placed[2];
	size_t n_found;
	size_t n_intervals[2];
	size_t n_locations;
	size_t n_aliases;
	size_t n_answers;
} answer_head;

static void put(FILE *out, const void *items, size_t n, size_t size)
{
	static const char padding[ALIGNMENT] = { 0 };

	if (n > 0)
		(void)fwrite(items, size, n, out);
	(void)fwrite(padding, 1, (ALIGNMENT - n * size % ALIGNMENT) % ALIGNMENT, out);
}

/* The next array of the answer; its end is checked, as the process that wrote it may have been led astray. */
static const void *take(const char **at, const char *end, size_t n, size_t size)
{
	const void *items = *at;
	size_t room = (size_t)(end - *at), whole;

	if (items == NULL || n > room / size)
		return *at = NULL;
	whole = (n * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (whole > room)
		return *at = NULL;
	*at += whole;
	return items;
}

static answer_head head_of(const MMDB_s *db)
{
	answer_head head = { .n_found = 0 };
	uint64_t built = db->metadata.build_epoch;
	const char *type = db->metadata.database_type;

	ap_region_copy_printable(head.type, sizeof(head.type), type, strlen(type));
	head.built = built <= (uint64_t)last_second ? (int64_t)built : 0;
	return head;
}

static void put_walked(FILE *out, const MMDB_s *db, const ap_region_walked *walked)
{
	answer_head head = head_of(db);

	head.has_subdivisions = walked->has_subdivisions;
	head.n_placed[0] = (uint64_t)walked->n_placed[0];
	head.n_placed[1] = ap_networks_of_64(walked->n_placed[1]);
	head.n_found = walked->n_found;
	head.n_intervals[0] = walked->n_intervals[0];
	head.n_intervals[1] = walked->n_intervals[1];
	head.n_locations = walked->n_locations;
	head.n_aliases = walked->n_aliases;
	put(out, &head, 1, sizeof(head));
	put(out, walked->found, walked->n_found, sizeof(*walked->found));
	put(out, walked->intervals[0], walked->n_intervals[0], sizeof(ap_interval));
	put(out, walked->intervals[1], walked->n_intervals[1], sizeof(ap_interval));
	put(out, walked->locations, walked->n_locations, sizeof(*walked->locations));
	put(out, walked->aliases, walked->n_aliases, sizeof(*walked->aliases));
}

typedef struct {
	unsigned seconds;
	int fd; /* the copy */
	size_t size;
	const char *const *codes;
	size_t n_codes;
	const ap_address *addresses;
	size_t n_addresses;
} task;

/* Reads all of a database that is open. False if it is no sound one, or of no use. */
static bool walk_all(FILE *out, const MMDB_s *db, const task *t, ap_arena *arena, ap_region_walked *ret_walked)
{
	if (!ap_region_walk(out, db, t->codes, t->n_codes, arena, ret_walked))
		return false;
	if (ret_walked->n_found > 0)
		return true;
	return ap_region_refuse(out,
				"places no address in a country (its type is \"%s\"); expected a database of GeoIP2's "
				"shape, Country or City",
				head_of(db).type);
}

typedef bool with_database(FILE *out, const MMDB_s *db, const task *t, ap_arena *arena);

/* Opens the copy for `work`, and leaves nothing behind, so that what looks for leaks finds those that are some. */
static bool with_copy(FILE *out, const task *t, with_database *work)
{
	bool done = false;
	ap_arena *arena;
	MMDB_s db;

	if (ap_region_file_open(out, t->fd, t->size, &db)) {
		arena = ap_arena_new();
		done = work(out, &db, t, arena);
		ap_arena_free(arena);
		MMDB_close(&db);
	}
	(void)close(t->fd);
	return done;
}

static bool put_all(FILE *out, const MMDB_s *db, const task *t, ap_arena *arena)
{
	ap_region_walked walked;

	if (!walk_all(out, db, t, arena, &walked))
		return false;
	put_walked(out, db, &walked);
	return true;
}

static bool read_all(FILE *out, void *context)
{
	return with_copy(out, context, put_all);
}

/*
 * Looking up, in the child
 */

static MMDB_lookup_result_s look_up(const MMDB_s *db, const ap_address *address, int *ret_status)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memcpy(&in4.sin_addr, address->bytes, sizeof(in4.sin_addr));
	memcpy(&in6.sin6_addr, address->bytes, sizeof(in6.sin6_addr));
	return MMDB_lookup_sockaddr(
		db, address->family == AP_ADDRESS_IPV4 ? (const struct sockaddr *)&in4 : (const struct sockaddr *)&in6,
		ret_status);
}

/* The first `bits` of the address, and all that may follow them. */
static ap_range network_of(const ap_address *address, unsigned bits)
{
	ap_range range = { .family = address->family };
	unsigned n = address->family == AP_ADDRESS_IPV4 ? AP_REGION_IPV4_BITS : AP_REGION_IPV6_BITS;

	for (unsigned i = 0; i < n; i++) {
		uint8_t mask = (uint8_t)(0x80u >> i % 8);

		range.first[i / 8] |= i < bits ? address->bytes[i / 8] & mask : 0;
		range.last[i / 8] |= i < bits ? address->bytes[i / 8] & mask : mask;
	}
	return range;
}

static bool answer_address(FILE *out, const MMDB_s *db, const ap_region_walked *walked, const ap_address *address,
			   ap_region_answer *ret_answer)
{
	bool of_both = db->metadata.ip_version == 6;
	ap_region_codes codes = { .n_subdivisions = 0 };
	MMDB_lookup_result_s result;
	unsigned bits;
	int status;

	memset(ret_answer, 0, sizeof(*ret_answer));
	ret_answer->known = walked->n_placed[address->family == AP_ADDRESS_IPV4 ? 0 : 1] > 0;
	if (!ret_answer->known)
		return true;
	result = look_up(db, address, &status);
	if (status != MMDB_SUCCESS)
		return ap_region_refuse(out, "is damaged: %s", MMDB_strerror(status));
	if (result.found_entry && result.entry.offset >= db->data_section_size)
		return ap_region_refuse(out, "is damaged: its search tree leads out of the data");
	if (result.found_entry && !ap_region_file_codes(db, result.entry.offset, &codes))
		return ap_region_refuse(out, "is damaged: a record cannot be read");
	ret_answer->found = result.found_entry;
	memcpy(ret_answer->country, codes.country, sizeof(codes.country));
	memcpy(ret_answer->subdivisions, codes.subdivisions, sizeof(codes.subdivisions));
	ret_answer->n_subdivisions = codes.n_subdivisions;
	/* of a tree of both families the library counts the bits from the beginning of IPv6 */
	bits = result.netmask;
	if (address->family == AP_ADDRESS_IPV4 && of_both)
		bits = bits > AP_REGION_IPV4_AT ? bits - AP_REGION_IPV4_AT : 0;
	ret_answer->network = network_of(address, bits);
	return true;
}

static bool put_answers(FILE *out, const MMDB_s *db, const task *t, ap_arena *arena)
{
	ap_region_answer *answers = ap_arena_alloc(arena, (t->n_addresses + 1) * sizeof(*answers));
	ap_region_walked walked;
	answer_head head;

	if (t->n_addresses > 0 && !walk_all(out, db, t, arena, &walked))
		return false;
	for (size_t i = 0; i < t->n_addresses; i++)
		if (!answer_address(out, db, &walked, &t->addresses[i], &answers[i]))
			return false;
	head = head_of(db);
	head.n_answers = t->n_addresses;
	put(out, &head, 1, sizeof(head));
	put(out, answers, t->n_addresses, sizeof(*answers));
	return true;
}

static bool answer_all(FILE *out, void *context)
{
	return with_copy(out, context, put_answers);
}

/*
 * In the parent
 */

const char *ap_database_text(const char *type, int64_t built, char buffer[AP_DATABASE_TEXT_MAX])
{
	char time[AP_TIMESTAMP_TEXT_MAX];

	(void)snprintf(buffer, AP_DATABASE_TEXT_MAX, "%s, built %s", type,
		       built != 0 ? ap_timestamp_format_local(built, time) : "at an unknown time");
	return buffer;
}

/* Copies the file, so that nothing is read that changes while it is, and fills in what identifies it. */
static ap_status copy_file(const char *path, int *ret_fd, ap_database_identity *identity, ap_error *error)
{
	char buffer[128 * 1024];
	struct sha256_ctx context;
	int from, to;
	uint64_t size;
	ssize_t n = 0;
	ap_status status = ap_file_open_sized(path, &from, &size, error);

	if (status != AP_OK)
		return status;
	if (size > size_limit) {
		(void)close(from);
		return ap_error_set(error, AP_ERR_LIMIT, path, 0, "has more than %llu bytes, the limit",
				    (unsigned long long)size_limit);
	}
	identity->size = 0;
	sha256_init(&context);
	to = memfd_create("region database", MFD_CLOEXEC);
	while (to >= 0 && (n = read(from, buffer, sizeof(buffer))) > 0 && identity->size <= size_limit) {
		sha256_update(&context, (size_t)n, (const uint8_t *)buffer);
		identity->size += (size_t)n;
		if (write(to, buffer, (size_t)n) != n) {
			errno = ENOSPC; /* of memory, which is what the copy is in */
			n = -1;
			break;
		}
	}
	sha256_digest(&context, sizeof(identity->sha256), identity->sha256);
	if (to < 0 || n < 0)
		status = ap_error_set(error, AP_ERR_IO, path, 0, "cannot be read: %s", strerror(errno));
	else if (identity->size > size_limit)
		status = ap_error_set(error, AP_ERR_LIMIT, path, 0, "has more than %llu bytes, the limit",
				      (unsigned long long)size_limit);
	else if (identity->size == 0)
		status = ap_error_set(error, AP_ERR_DAMAGED, path, 0, "is empty; expected a region database");
	(void)close(from);
	if (status != AP_OK && to >= 0)
		(void)close(to);
	*ret_fd = to;
	return status;
}

/* What the child wrote is no answer: the file led it astray. */
static ap_status refuse_answer(const char *path, ap_error *error)
{
	return ap_error_set(error, AP_ERR_DAMAGED, path, 0, "cannot be read: the process that read it went astray");
}

/* Has the child do `work`: its answer in the arena, whose head is taken. */
static ap_status run(const char *path, task *t, ap_isolated_work *work, ap_arena *arena, ap_database_identity *identity,
		     const answer_head **ret_head, const char **ret_at, const char **ret_end, ap_error *error)
{
	const ap_isolated_limits limits = { .name = path, .memory_bytes = work_memory, .cpu_seconds = t->seconds };
	char *bytes, *kept;
	size_t size;
	ap_status status = copy_file(path, &t->fd, identity, error);

	if (status != AP_OK)
		return status;
	t->size = identity->size;
	status = ap_isolated_run(&limits, work, t, &bytes, &size, error);
	(void)close(t->fd);
	if (status != AP_OK)
		return status;
	kept = ap_arena_alloc(arena, size + 1);
	memcpy(kept, bytes, size);
	free(bytes);
	*ret_at = kept;
	*ret_end = kept + size;
	*ret_head = take(ret_at, *ret_end, 1, sizeof(**ret_head));
	if (*ret_head == NULL || memchr((*ret_head)->type, '\0', TYPE_MAX) == NULL)
		return refuse_answer(path, error);
	identity->type = (*ret_head)->type;
	identity->built = (*ret_head)->built;
	return AP_OK;
}

static bool is_sound(const ap_region_data *data, size_t n_codes)
{
	for (size_t i = 0; i < data->n_found; i++)
		if (memchr(data->found[i].code, '\0', AP_REGION_CODE_MAX) == NULL)
			return false;
	for (size_t i = 0; i < data->n_aliases; i++)
		if (data->aliases[i].prefix_bytes > sizeof(data->aliases[i].prefix) - 4)
			return false;
	for (size_t i = 0; i < data->n_locations; i++) {
		if (data->locations[i].n == 0 || data->locations[i].n > AP_LOCATION_MAX)
			return false;
		for (uint32_t k = 0; k < data->locations[i].n; k++)
			if (data->locations[i].regions[k] >= n_codes)
				return false;
	}
	for (int family = 0; family < 2; family++)
		for (size_t i = 0; i < data->n_intervals[family]; i++) {
			const ap_interval *interval = &data->intervals[family][i];

			if (interval->origin >= data->n_locations || interval->last < interval->first ||
			    (family == 0 && interval->last > UINT32_MAX) ||
			    (i > 0 && interval->first <= interval[-1].last))
				return false;
		}
	return true;
}

ap_status ap_region_database_read(const char *path, unsigned seconds, const char *const *codes, size_t n_codes,
				  ap_arena *arena, ap_region_data *ret_data, ap_error *error)
{
	task t = { .seconds = seconds, .codes = codes, .n_codes = n_codes };
	ap_region_data data = { .n_found = 0 };
	const answer_head *head;
	const char *at, *end;
	ap_status status = run(path, &t, read_all, arena, &data.identity, &head, &at, &end, error);

	if (status != AP_OK)
		return status;
	data.has_subdivisions = head->has_subdivisions;
	data.n_found = head->n_found;
	data.n_locations = head->n_locations;
	data.n_aliases = head->n_aliases;
	for (int family = 0; family < 2; family++) {
		data.n_placed[family] = head->n_placed[family];
		data.holds[family] = head->n_placed[family] > 0;
		data.n_intervals[family] = head->n_intervals[family];
	}
	data.found = take(&at, end, data.n_found, sizeof(*data.found));
	data.intervals[0] = take(&at, end, data.n_intervals[0], sizeof(ap_interval));
	data.intervals[1] = take(&at, end, data.n_intervals[1], sizeof(ap_interval));
	data.locations = take(&at, end, data.n_locations, sizeof(*data.locations));
	data.aliases = take(&at, end, data.n_aliases, sizeof(*data.aliases));
	if (data.aliases == NULL || !is_sound(&data, n_codes))
		return refuse_answer(path, error);
	*ret_data = data;
	return AP_OK;
}

static bool are_sound(const ap_region_answer *answers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const ap_region_answer *answer = &answers[i];

		if (answer->n_subdivisions > AP_SUBDIVISIONS_MAX ||
		    memchr(answer->country, '\0', sizeof(answer->country)) == NULL)
			return false;
		for (size_t k = 0; k < answer->n_subdivisions; k++)
			if (memchr(answer->subdivisions[k], '\0', AP_REGION_CODE_MAX) == NULL)
				return false;
	}
	return true;
}

ap_status ap_region_database_look_up(const char *path, const ap_address *addresses, size_t n, ap_arena *arena,
				     ap_database_identity *ret_identity, const ap_region_answer **ret_answers,
				     ap_error *error)
{
	task t = { .seconds = AP_REGION_SECONDS, .addresses = addresses, .n_addresses = n };
	ap_database_identity identity;
	const ap_region_answer *answers;
	const answer_head *head;
	const char *at, *end;
	ap_status status = run(path, &t, answer_all, arena, &identity, &head, &at, &end, error);

	if (status != AP_OK)
		return status;
	answers = take(&at, end, n, sizeof(*answers));
	if (answers == NULL || head->n_answers != n || !are_sound(answers, n))
		return refuse_answer(path, error);
	*ret_identity = identity;
	*ret_answers = answers;
	return AP_OK;
}
