#include "region_file.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

bool ap_region_refuse(FILE *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vfprintf(out, format, arguments);
	va_end(arguments);
	return false;
}

bool ap_region_file_open(FILE *out, int fd, size_t size, MMDB_s *db)
{
	char path[64], start[2];
	int status;

	/* it takes a name, and this is the copy's */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	status = MMDB_open(path, MMDB_MODE_MMAP, db);
	if (status == MMDB_FILE_OPEN_ERROR)
		return ap_region_refuse(out, "cannot be read: %s: is /proc mounted?", strerror(errno));
	if (status != MMDB_SUCCESS && pread(fd, start, sizeof(start), 0) == sizeof(start) &&
	    memcmp(start, "\x1f\x8b", sizeof(start)) == 0)
		return ap_region_refuse(out, "is compressed; expected a region database as gunzip unpacks it");
	if (status != MMDB_SUCCESS)
		return ap_region_refuse(out,
					"is no region database, or is cut off; expected one in the MaxMind DB format, "
					"such as GeoLite2-Country.mmdb (libmaxminddb says: %s)",
					MMDB_strerror(status));
	/* the library computes this in 32 bits */
	if ((uint64_t)db->metadata.node_count * db->full_record_byte_size + AP_REGION_SEPARATOR_BYTES > size)
		return ap_region_refuse(out, "is damaged: it says that its search tree is longer than the file is");
	if (db->metadata.ip_version != 4 && db->metadata.ip_version != 6)
		return ap_region_refuse(out, "is damaged: it says that it is of IP version %u",
					db->metadata.ip_version);
	return true;
}

void ap_region_copy_printable(char *to, size_t room, const char *from, size_t length)
{
	size_t n = 0;

	for (; n < length && n + 1 < room && from[n] != '\0'; n++)
		to[n] = from[n] > ' ' && from[n] <= '~' ? from[n] : '?';
	to[n] = '\0';
}

/* The library takes the metadata, which stand behind a marker at the file's end, for data as well. */
static const char *end_of_data(const MMDB_s *db)
{
	static const char marker[] = "\xab\xcd\xefMaxMind.com";

	return (const char *)db->metadata_section - (sizeof(marker) - 1);
}

/* The string at a path of a record. False where there is none; *ret_damaged if the record cannot be read. */
static bool string_at(const MMDB_s *db, uint32_t offset, const char *const *path, MMDB_entry_data_s *ret_data,
		      bool *ret_damaged)
{
	MMDB_entry_s entry = { .mmdb = db, .offset = offset };
	int status = MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR;

	if (offset < end_of_data(db) - (const char *)db->data_section)
		status = MMDB_aget_value(&entry, ret_data, path);
	else
		*ret_damaged = true;
	if (status != MMDB_SUCCESS && status != MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		*ret_damaged = true;
	/* an empty string is not in the file, but the library's own */
	if (status != MMDB_SUCCESS || !ret_data->has_data || ret_data->type != MMDB_DATA_TYPE_UTF8_STRING ||
	    ret_data->data_size == 0)
		return false;
	if (ret_data->data_size > end_of_data(db) - ret_data->utf8_string)
		*ret_damaged = true;
	return !*ret_damaged;
}

/* As many as are looked at: further ones would be smaller than any that has a code. */
static uint32_t count_subdivisions(const MMDB_s *db, uint32_t offset, bool *ret_damaged)
{
	const char *const path[] = { "subdivisions", NULL };
	MMDB_entry_s entry = { .mmdb = db, .offset = offset };
	MMDB_entry_data_s data;
	int status = MMDB_aget_value(&entry, &data, path);

	if (status != MMDB_SUCCESS && status != MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
		*ret_damaged = true;
	if (status != MMDB_SUCCESS || !data.has_data || data.type != MMDB_DATA_TYPE_ARRAY)
		return 0;
	return data.data_size < AP_SUBDIVISIONS_MAX ? data.data_size : AP_SUBDIVISIONS_MAX;
}

bool ap_region_file_codes(const MMDB_s *db, uint32_t offset, ap_region_codes *ret_codes)
{
	const char *const country[] = { "country", "iso_code", NULL };
	MMDB_entry_data_s data;
	bool damaged = false;
	uint32_t n;

	memset(ret_codes, 0, sizeof(*ret_codes));
	if (string_at(db, offset, country, &data, &damaged))
		ap_region_copy_printable(ret_codes->country, sizeof(ret_codes->country), data.utf8_string,
					 data.data_size);
	n = damaged ? 0 : count_subdivisions(db, offset, &damaged);
	for (uint32_t i = 0; i < n && !damaged; i++) {
		const char index[] = { (char)('0' + i), '\0' };
		const char *const subdivision[] = { "subdivisions", index, "iso_code", NULL };

		/* some have names alone */
		if (!string_at(db, offset, subdivision, &data, &damaged))
			continue;
		ap_region_copy_printable(ret_codes->subdivisions[ret_codes->n_subdivisions++], AP_REGION_CODE_MAX,
					 data.utf8_string, data.data_size);
	}
	return !damaged;
}
