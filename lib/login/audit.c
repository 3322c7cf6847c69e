#include "audit.h"

#include "file.h"
#include "utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * The most bytes that a text may take, quotes and escapes included. A policy's and a client's name are at most 200
 * bytes, of which quotes and backslashes take two; the rest is as long as whoever logs in makes it. All other parts
 * of a record take less than 360 bytes, so that would has 1200 in the worst of cases.
 */
enum { POLICY_MAX = 420, USER_MAX = 1024, CLIENT_MAX = 420, SERVICE_MAX = 360, TTY_MAX = 240 };

/*
 * More than all who may be writing at the same time can add between a look at the file's size and a write: whoever is
 * at the limit itself is ended by SIGXFSZ.
 */
enum { LIMIT_MARGIN = 1024 * 1024 };

static const char cut_mark[] = "…";
static const char more_would[] = "{\"policy\":\"…\",\"decision\":null,\"reason\":null}";

const char *ap_audit_file(const ap_image *image, const ap_decision *decision)
{
	ap_view view = ap_view_of(image);
	ap_image_settings settings = ap_view_settings(&view);
	bool plain = decision != NULL && decision->verdict == AP_ALLOW && decision->n_would == 0;
	const char *path;

	if (settings.audit_file == 0 || settings.audit_record == AP_AUDIT_NONE ||
	    (settings.audit_record == AP_AUDIT_DENIED && plain))
		return NULL;
	path = ap_view_string(&view, settings.audit_file);
	return view.sound && path[0] != '\0' ? path : NULL;
}

/*
 * Text
 */

/* A part of a record that grows to at most `size` bytes; its callers see to it that what must fit does. */
typedef struct {
	char *bytes;
	size_t used;
	size_t size;
} part;

static void put(part *p, const char *text)
{
	size_t length = strlen(text);

	if (length > p->size - p->used)
		return;
	memcpy(p->bytes + p->used, text, length);
	p->used += length;
}

/* One character of `text` as it is written, of which *ret_n bytes are taken; how long it is. */
static size_t escape_one(const char *text, size_t left, char piece[8], size_t *ret_n)
{
	uint32_t code = 0;
	size_t n = ap_utf8_sequence(text, left, &code), length = 0;

	*ret_n = n == 0 ? 1 : n;
	if (n == 0)
		return (size_t)snprintf(piece, 8, "\\\\x%02x", (unsigned)(unsigned char)*text);
	if (ap_utf8_is_control(code)) /* none of them is above U+FFFF */
		return (size_t)snprintf(piece, 8, "\\u%04x", (unsigned)code);
	if (code == '"' || code == '\\')
		piece[length++] = '\\';
	memcpy(piece + length, text, n);
	return length + n;
}

/* A string of at most `most` bytes, its quotes included, or null for NULL. */
static void put_text(part *p, const char *text, size_t most)
{
	size_t room = most - 2, used = 0, before_mark = 0, left;
	char *to = p->bytes + p->used + 1;

	if (text == NULL || most > p->size - p->used) {
		put(p, "null");
		return;
	}
	for (left = strlen(text); left > 0;) {
		char piece[8];
		size_t n, length = escape_one(text, left, piece, &n);

		if (used + length > room) {
			memcpy(to + before_mark, cut_mark, sizeof(cut_mark) - 1);
			used = before_mark + sizeof(cut_mark) - 1;
			break;
		}
		memcpy(to + used, piece, length);
		used += length;
		if (used + sizeof(cut_mark) - 1 <= room)
			before_mark = used;
		text += n;
		left -= n;
	}
	to[-1] = '"';
	to[used] = '"';
	p->used += used + 2;
}

static void put_key(part *p, const char *key)
{
	put(p, ",\"");
	put(p, key);
	put(p, "\":");
}

/* Of text that is known to be short and plain. */
static void put_word(part *p, const char *text)
{
	put(p, text != NULL ? "\"" : "null");
	put(p, text != NULL ? text : "");
	put(p, text != NULL ? "\"" : "");
}

/*
 * Time
 */

/*
 * RFC 3339. Not by gmtime_r(3), which reads the host's time zone first. Years are counted from March, so that the leap
 * day is the last; 400 of them have 146097 days.
 */
static void put_time(part *p, int64_t time)
{
	const int64_t day_seconds = 24 * 60 * 60, last = 253402300799; /* the end of the year 9999 */
	int64_t seconds = time < 0 ? 0 : time > last ? last : time;
	unsigned rest = (unsigned)(seconds % day_seconds), days = (unsigned)(seconds / day_seconds) + 719468;
	unsigned era = days / 146097, day_of_era = days % 146097;
	unsigned year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
	unsigned from_march = (5 * day_of_year + 2) / 153, day = day_of_year - (153 * from_march + 2) / 5 + 1;
	unsigned month = from_march < 10 ? from_march + 3 : from_march - 9;
	char text[40];

	year += era * 400 + (month <= 2);
	(void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02uZ", year, month, day, rest / 3600,
		       rest / 60 % 60, rest % 60);
	put_word(p, text);
}

/*
 * The record
 */

static void put_name_of(part *p, const ap_image *image, uint32_t at)
{
	ap_view view = ap_view_of(image);
	const char *name = ap_view_string(&view, ap_view_policy_at(&view, at).name);

	put_text(p, view.sound ? name : NULL, POLICY_MAX);
}

static void put_would_one(part *p, const ap_image *image, const ap_would *would)
{
	put(p, "{\"policy\":");
	put_name_of(p, image, would->at);
	put_key(p, "decision");
	put_word(p, ap_verdict_name(would->verdict));
	put_key(p, "reason");
	put_word(p, ap_reason_name(would->reason));
	put(p, "}");
}

/* As `test --batch` writes them; as many as fit into `room` bytes. */
static void put_would(part *p, const ap_image *image, const ap_decision *decision, size_t room)
{
	size_t start = p->used, i;
	char bytes[POLICY_MAX + 100];

	put(p, "[");
	for (i = 0; decision != NULL && i < decision->n_would; i++) {
		part one = { .bytes = bytes, .size = sizeof(bytes) };
		bool is_last = i + 1 == decision->n_would;

		put_would_one(&one, image, &decision->would[i]);
		put(p, i > 0 ? "," : "");
		/* what may follow: a comma, and that there are more */
		if (p->used - start + one.used + (is_last ? 1 : sizeof(more_would) + 1) > room) {
			put(p, more_would);
			break;
		}
		memcpy(p->bytes + p->used, one.bytes, one.used);
		p->used += one.used;
	}
	put(p, "]");
}

/*
 * "unknown" where the host said something that is no address: in a batch line that is not one either, while null is a
 * login without an address, which for a local client type is one at the machine.
 */
static void put_address(part *p, const ap_audit_login *login)
{
	ap_address address = { .family = AP_ADDRESS_UNKNOWN };
	char text[AP_ADDRESS_TEXT_MAX];
	const char *rhost = login->facts->rhost;

	if (login->request != NULL)
		address = login->request->address;
	else if (rhost != NULL)
		(void)ap_address_parse(rhost, &address);
	if (address.family == AP_ADDRESS_UNKNOWN && (rhost == NULL || rhost[0] == '\0'))
		put(p, "null");
	else
		put_word(p, ap_address_format(&address, text));
}

/* Of an image that turns out to be damaged where nothing but this asked, it is simply not known. */
static void put_region(part *p, const ap_image *image, const ap_request *request)
{
	ap_view view = ap_view_of(image);
	const char *code = request != NULL ? ap_view_region_of(&view, &request->address) : NULL;

	put_word(p, view.sound && !ap_image_has_fault(image) ? code : NULL);
}

static void put_client(part *p, const ap_image *image, const ap_audit_login *login)
{
	ap_view view = ap_view_of(image);
	const char *name = login->facts->client;

	if (login->request != NULL)
		name = ap_view_string(&view, ap_view_client(&view, login->request->client).name);
	put_text(p, view.sound ? name : NULL, CLIENT_MAX);
}

/* What stands behind `would`. */
static void put_tail(part *p, const ap_image *image, const ap_audit_login *login)
{
	char revision[AP_HEX_REVISION + 1], pid[24];

	put_key(p, "user");
	put_text(p, login->facts->user, USER_MAX);
	put_key(p, "ip");
	put_address(p, login);
	put_key(p, "region");
	put_region(p, image, login->request);
	put_key(p, "client");
	put_client(p, image, login);
	put_key(p, "service");
	put_text(p, login->facts->service, SERVICE_MAX);
	put_key(p, "tty");
	put_text(p, login->facts->tty, TTY_MAX);
	put_key(p, "revision");
	ap_revision_format(ap_image_head_of(image)->revision, revision);
	put_word(p, revision);
	(void)snprintf(pid, sizeof(pid), ",\"pid\":%ld}\n", (long)login->pid);
	put(p, pid);
}

static void put_head(part *p, const ap_image *image, const ap_audit_login *login)
{
	const ap_decision *decision = login->decision;

	put(p, "{\"time\":");
	put_time(p, login->facts->now);
	put_key(p, "decision");
	put_word(p, decision != NULL ? ap_verdict_name(decision->verdict) : "error");
	put_key(p, "reason");
	put_word(p, decision != NULL ? ap_reason_name(decision->reason) : NULL);
	put_key(p, "policy");
	if (decision != NULL && decision->policy != AP_NONE)
		put_name_of(p, image, decision->at);
	else
		put(p, "null");
}

size_t ap_audit_format(const ap_image *image, const ap_audit_login *login, char record[AP_AUDIT_RECORD_MAX + 1])
{
	char bytes[AP_AUDIT_RECORD_MAX];
	part tail = { .bytes = bytes, .size = sizeof(bytes) };
	part whole = { .bytes = record, .size = AP_AUDIT_RECORD_MAX };

	put_tail(&tail, image, login);
	put_head(&whole, image, login);
	put_key(&whole, "would");
	put_would(&whole, image, login->decision, AP_AUDIT_RECORD_MAX - whole.used - tail.used);
	memcpy(record + whole.used, tail.bytes, tail.used);
	whole.used += tail.used;
	record[whole.used] = '\0';
	return whole.used;
}

/*
 * The file
 */

static ap_status check_limit(const char *path, uint64_t size, ap_error *error)
{
	struct rlimit limit = { .rlim_cur = 0 };

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
	    (limit.rlim_cur == RLIM_INFINITY || size + LIMIT_MARGIN <= limit.rlim_cur))
		return AP_OK;
	return ap_error_set(error, AP_ERR_LIMIT, path, 0,
			    "is within 1 MiB of what this process may write to a file (RLIMIT_FSIZE, %llu bytes)",
			    (unsigned long long)limit.rlim_cur);
}

static ap_status write_record(int fd, const char *path, const char *record, size_t length, ap_error *error)
{
	ssize_t n;
	bool ended;

	do
		n = write(fd, record, length);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)length)
		return AP_OK;
	if (n < 0)
		return ap_error_set(error, AP_ERR_IO, path, 0, "cannot be written: %s", strerror(errno));
	/* where there is no room for that either, the next record stands on the same line: see above */
	ended = n == 0 || write(fd, "\n", 1) == 1;
	return ap_error_set(error, AP_ERR_IO, path, 0, "only %zd of %zu bytes could be written%s; is the disk full?", n,
			    length, ended ? "" : ", and the line is not ended");
}

ap_status ap_audit_append(const char *path, const char *record, size_t length, ap_error *error)
{
	uint64_t size;
	int fd;
	ap_status status = ap_file_open_append(path, &fd, &size, error);

	if (status != AP_OK)
		return status;
	status = check_limit(path, size, error);
	if (status == AP_OK)
		status = write_record(fd, path, record, length, error);
	/* a file system may tell of it only now that what it took is lost */
	if (close(fd) != 0 && status == AP_OK && errno != EINTR)
		status = ap_error_set(error, AP_ERR_IO, path, 0, "cannot be written: %s", strerror(errno));
	return status;
}
