#include "image.h"

#include <stdlib.h>
#include <string.h>

struct ap_image {
	const uint8_t *bytes;
	void *owned;
	ap_image_header header;
	/* of each section, taken from the header once it is checked */
	const uint8_t *records[AP_N_SECTIONS];
	uint32_t counts[AP_N_SECTIONS];
};

static const uint32_t record_sizes[AP_N_SECTIONS] = {
	[AP_SECTION_STRINGS] = 1,
	[AP_SECTION_POOL] = sizeof(uint32_t),
	[AP_SECTION_SETTINGS] = sizeof(ap_image_settings),
	[AP_SECTION_CLIENTS] = sizeof(ap_image_client),
	[AP_SECTION_HINTS] = sizeof(ap_image_hint),
	[AP_SECTION_GROUPS] = sizeof(uint32_t),
	[AP_SECTION_DEPARTMENTS] = sizeof(ap_image_department),
	[AP_SECTION_MEMBERS] = sizeof(ap_image_member),
	[AP_SECTION_POLICIES] = sizeof(ap_image_policy),
	[AP_SECTION_EXCEPTIONS] = sizeof(ap_image_exception),
	[AP_SECTION_NETS] = sizeof(ap_image_net),
	[AP_SECTION_RANGES4] = sizeof(ap_image_range4),
	[AP_SECTION_RANGES6] = sizeof(ap_image_range6),
	[AP_SECTION_ORIGINS] = sizeof(ap_image_origin),
};

/* Of the bit-reflected polynomial 0x82f63b78: the remainder of each byte. */
static const uint32_t crc32c_table[256] = {
	0x00000000, 0xf26b8303, 0xe13b70f7, 0x1350f3f4, 0xc79a971f, 0x35f1141c, 0x26a1e7e8, 0xd4ca64eb, 0x8ad958cf,
	0x78b2dbcc, 0x6be22838, 0x9989ab3b, 0x4d43cfd0, 0xbf284cd3, 0xac78bf27, 0x5e133c24, 0x105ec76f, 0xe235446c,
	0xf165b798, 0x030e349b, 0xd7c45070, 0x25afd373, 0x36ff2087, 0xc494a384, 0x9a879fa0, 0x68ec1ca3, 0x7bbcef57,
	0x89d76c54, 0x5d1d08bf, 0xaf768bbc, 0xbc267848, 0x4e4dfb4b, 0x20bd8ede, 0xd2d60ddd, 0xc186fe29, 0x33ed7d2a,
	0xe72719c1, 0x154c9ac2, 0x061c6936, 0xf477ea35, 0xaa64d611, 0x580f5512, 0x4b5fa6e6, 0xb93425e5, 0x6dfe410e,
	0x9f95c20d, 0x8cc531f9, 0x7eaeb2fa, 0x30e349b1, 0xc288cab2, 0xd1d83946, 0x23b3ba45, 0xf779deae, 0x05125dad,
	0x1642ae59, 0xe4292d5a, 0xba3a117e, 0x4851927d, 0x5b016189, 0xa96ae28a, 0x7da08661, 0x8fcb0562, 0x9c9bf696,
	0x6ef07595, 0x417b1dbc, 0xb3109ebf, 0xa0406d4b, 0x522bee48, 0x86e18aa3, 0x748a09a0, 0x67dafa54, 0x95b17957,
	0xcba24573, 0x39c9c670, 0x2a993584, 0xd8f2b687, 0x0c38d26c, 0xfe53516f, 0xed03a29b, 0x1f682198, 0x5125dad3,
	0xa34e59d0, 0xb01eaa24, 0x42752927, 0x96bf4dcc, 0x64d4cecf, 0x77843d3b, 0x85efbe38, 0xdbfc821c, 0x2997011f,
	0x3ac7f2eb, 0xc8ac71e8, 0x1c661503, 0xee0d9600, 0xfd5d65f4, 0x0f36e6f7, 0x61c69362, 0x93ad1061, 0x80fde395,
	0x72966096, 0xa65c047d, 0x5437877e, 0x4767748a, 0xb50cf789, 0xeb1fcbad, 0x197448ae, 0x0a24bb5a, 0xf84f3859,
	0x2c855cb2, 0xdeeedfb1, 0xcdbe2c45, 0x3fd5af46, 0x7198540d, 0x83f3d70e, 0x90a324fa, 0x62c8a7f9, 0xb602c312,
	0x44694011, 0x5739b3e5, 0xa55230e6, 0xfb410cc2, 0x092a8fc1, 0x1a7a7c35, 0xe811ff36, 0x3cdb9bdd, 0xceb018de,
	0xdde0eb2a, 0x2f8b6829, 0x82f63b78, 0x709db87b, 0x63cd4b8f, 0x91a6c88c, 0x456cac67, 0xb7072f64, 0xa457dc90,
	0x563c5f93, 0x082f63b7, 0xfa44e0b4, 0xe9141340, 0x1b7f9043, 0xcfb5f4a8, 0x3dde77ab, 0x2e8e845f, 0xdce5075c,
	0x92a8fc17, 0x60c37f14, 0x73938ce0, 0x81f80fe3, 0x55326b08, 0xa759e80b, 0xb4091bff, 0x466298fc, 0x1871a4d8,
	0xea1a27db, 0xf94ad42f, 0x0b21572c, 0xdfeb33c7, 0x2d80b0c4, 0x3ed04330, 0xccbbc033, 0xa24bb5a6, 0x502036a5,
	0x4370c551, 0xb11b4652, 0x65d122b9, 0x97baa1ba, 0x84ea524e, 0x7681d14d, 0x2892ed69, 0xdaf96e6a, 0xc9a99d9e,
	0x3bc21e9d, 0xef087a76, 0x1d63f975, 0x0e330a81, 0xfc588982, 0xb21572c9, 0x407ef1ca, 0x532e023e, 0xa145813d,
	0x758fe5d6, 0x87e466d5, 0x94b49521, 0x66df1622, 0x38cc2a06, 0xcaa7a905, 0xd9f75af1, 0x2b9cd9f2, 0xff56bd19,
	0x0d3d3e1a, 0x1e6dcdee, 0xec064eed, 0xc38d26c4, 0x31e6a5c7, 0x22b65633, 0xd0ddd530, 0x0417b1db, 0xf67c32d8,
	0xe52cc12c, 0x1747422f, 0x49547e0b, 0xbb3ffd08, 0xa86f0efc, 0x5a048dff, 0x8ecee914, 0x7ca56a17, 0x6ff599e3,
	0x9d9e1ae0, 0xd3d3e1ab, 0x21b862a8, 0x32e8915c, 0xc083125f, 0x144976b4, 0xe622f5b7, 0xf5720643, 0x07198540,
	0x590ab964, 0xab613a67, 0xb831c993, 0x4a5a4a90, 0x9e902e7b, 0x6cfbad78, 0x7fab5e8c, 0x8dc0dd8f, 0xe330a81a,
	0x115b2b19, 0x020bd8ed, 0xf0605bee, 0x24aa3f05, 0xd6c1bc06, 0xc5914ff2, 0x37faccf1, 0x69e9f0d5, 0x9b8273d6,
	0x88d28022, 0x7ab90321, 0xae7367ca, 0x5c18e4c9, 0x4f48173d, 0xbd23943e, 0xf36e6f75, 0x0105ec76, 0x12551f82,
	0xe03e9c81, 0x34f4f86a, 0xc69f7b69, 0xd5cf889d, 0x27a40b9e, 0x79b737ba, 0x8bdcb4b9, 0x988c474d, 0x6ae7c44e,
	0xbe2da0a5, 0x4c4623a6, 0x5f16d052, 0xad7d5351
};

/* A byte at a time. It finds every single bit error, and every two in an image of less than 256 MiB. */
static uint32_t crc32c(uint32_t crc, const uint8_t *bytes, size_t size)
{
	size_t i;

	crc = ~crc;
	for (i = 0; i < size; i++)
		crc = (crc >> 8) ^ crc32c_table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

uint32_t ap_image_checksum(const void *bytes, size_t size)
{
	ap_image_header header;

	if (size < sizeof(header))
		return 0;
	memcpy(&header, bytes, sizeof(header));
	header.checksum = 0;
	return crc32c(crc32c(0, (const uint8_t *)&header, sizeof(header)), (const uint8_t *)bytes + sizeof(header),
		      size - sizeof(header));
}

uint64_t ap_image_hash(const char *key, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < length; i++) {
		hash ^= (uint8_t)key[i];
		hash *= 0x100000001b3u;
	}
	/* FNV's lower bits hardly depend on its last bytes, and a slot is made of the lower bits */
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdu;
	hash ^= hash >> 33;
	return hash;
}

static bool section_fits(const ap_image_header *header, ap_section section)
{
	uint64_t offset = header->sections[section].offset, size = header->sections[section].size;

	return offset % 8 == 0 && offset >= sizeof(*header) && offset <= header->size &&
	       size <= header->size - offset && size % record_sizes[section] == 0 &&
	       size / record_sizes[section] < AP_NONE;
}

static const char *header_fault(const ap_image_header *header, size_t size)
{
	int section;

	if (memcmp(header->magic, AP_IMAGE_MAGIC, sizeof(header->magic)) != 0)
		return "is no policy image";
	if (header->byte_order != AP_IMAGE_BYTE_ORDER)
		return "was written by a machine of another byte order; it must be made anew on this one";
	if (header->version != AP_IMAGE_VERSION)
		return "is of another format version; it must be made anew by the installed release";
	if (header->size != size)
		return "is not as long as it says: it was cut short, or something was added";
	if (header->n_sections != AP_N_SECTIONS)
		return "does not have the sections of its version";
	for (section = 0; section < AP_N_SECTIONS; section++)
		if (!section_fits(header, (ap_section)section))
			return "has a section that reaches out of it";
	return NULL;
}

static void find_sections(ap_image *image)
{
	int section;

	for (section = 0; section < AP_N_SECTIONS; section++) {
		image->records[section] = image->bytes + image->header.sections[section].offset;
		image->counts[section] = (uint32_t)(image->header.sections[section].size / record_sizes[section]);
	}
}

static const char *contents_fault(const ap_image *image)
{
	uint32_t n_strings = ap_image_count(image, AP_SECTION_STRINGS);
	uint32_t n_members = ap_image_count(image, AP_SECTION_MEMBERS);

	if (ap_image_checksum(image->bytes, (size_t)image->header.size) != image->header.checksum)
		return "is damaged: its checksum does not fit";
	if (n_strings == 0 || image->records[AP_SECTION_STRINGS][n_strings - 1] != '\0')
		return "has strings that do not end";
	if ((n_members & (n_members - 1)) != 0)
		return "has a table of members that is no power of two";
	if (ap_image_count(image, AP_SECTION_SETTINGS) != 1)
		return "has no settings";
	return NULL;
}

ap_status ap_image_open(const char *name, void *bytes, size_t size, ap_image **ret_image, ap_error *error)
{
	const char *fault = "is shorter than an image's header";
	ap_image *image;

	if (size < sizeof(ap_image_header))
		return ap_error_set(error, AP_ERR_DAMAGED, name, 0, "%s", fault);
	image = calloc(1, sizeof(*image));
	if (image == NULL)
		return ap_error_set(error, AP_ERR_MEMORY, name, 0, "there is no memory for an image");
	memcpy(&image->header, bytes, sizeof(image->header));
	image->bytes = bytes;
	fault = header_fault(&image->header, size);
	if (fault == NULL) {
		find_sections(image);
		fault = contents_fault(image);
	}
	if (fault != NULL) {
		free(image);
		return ap_error_set(error, AP_ERR_DAMAGED, name, 0, "%s", fault);
	}
	image->owned = bytes;
	*ret_image = image;
	return AP_OK;
}

void ap_image_free(ap_image *image)
{
	if (image == NULL)
		return;
	free(image->owned);
	free(image);
}

uint32_t ap_image_count(const ap_image *image, ap_section section)
{
	return image->counts[section];
}

/* The record's bytes, or NULL with the view marked. `size` is its section's record size. */
static inline const uint8_t *record_at(ap_view *view, ap_section section, uint32_t number, size_t size)
{
	if (number >= view->image->counts[section]) {
		view->sound = false;
		return NULL;
	}
	return view->image->records[section] + (size_t)number * size;
}

/* Copies a record out; a zeroed one where there is none. */
#define COPY_RECORD(view, section, number, record)                                                                     \
	do {                                                                                                           \
		const uint8_t *at_ = record_at((view), (section), (number), sizeof(record));                           \
                                                                                                                       \
		if (at_ != NULL)                                                                                       \
			memcpy(&(record), at_, sizeof(record));                                                        \
		else                                                                                                   \
			memset(&(record), 0, sizeof(record));                                                          \
	} while (0)

const char *ap_view_string(ap_view *view, uint32_t reference)
{
	const uint8_t *text = record_at(view, AP_SECTION_STRINGS, reference, 1);

	return text != NULL ? (const char *)text : "";
}

uint32_t ap_view_pool(ap_view *view, ap_span span, uint32_t index)
{
	uint32_t value = 0;

	if (index >= span.n || span.start > AP_NONE - index) {
		view->sound = false;
		return 0;
	}
	COPY_RECORD(view, AP_SECTION_POOL, span.start + index, value);
	return value;
}

ap_image_settings ap_view_settings(ap_view *view)
{
	ap_image_settings settings;

	COPY_RECORD(view, AP_SECTION_SETTINGS, 0, settings);
	return settings;
}

ap_image_client ap_view_client(ap_view *view, uint32_t number)
{
	ap_image_client client;

	COPY_RECORD(view, AP_SECTION_CLIENTS, number, client);
	return client;
}

ap_image_hint ap_view_hint(ap_view *view, uint32_t number)
{
	ap_image_hint hint;

	COPY_RECORD(view, AP_SECTION_HINTS, number, hint);
	return hint;
}

uint32_t ap_view_group(ap_view *view, uint32_t number)
{
	uint32_t name;

	COPY_RECORD(view, AP_SECTION_GROUPS, number, name);
	return name;
}

ap_image_department ap_view_department(ap_view *view, uint32_t number)
{
	ap_image_department department;

	COPY_RECORD(view, AP_SECTION_DEPARTMENTS, number, department);
	/* a parent's number is below its child's, so that no walk to the root can run in a circle */
	if (!view->sound || (department.parent != AP_NONE && department.parent >= number)) {
		view->sound = false;
		department.parent = AP_NONE;
	}
	return department;
}

const ap_image_policy *ap_view_policy_at(ap_view *view, uint32_t number)
{
	static const ap_image_policy none;
	const void *at = record_at(view, AP_SECTION_POLICIES, number, sizeof(none));

	return at != NULL ? at : &none;
}

ap_image_policy ap_view_policy(ap_view *view, uint32_t number)
{
	return *ap_view_policy_at(view, number);
}

ap_image_exception ap_view_exception(ap_view *view, uint32_t number)
{
	ap_image_exception exception;

	COPY_RECORD(view, AP_SECTION_EXCEPTIONS, number, exception);
	return exception;
}

ap_image_net ap_view_net(ap_view *view, uint32_t number)
{
	ap_image_net net;

	COPY_RECORD(view, AP_SECTION_NETS, number, net);
	return net;
}

ap_image_origin ap_view_origin(ap_view *view, uint32_t number)
{
	ap_image_origin origin;

	COPY_RECORD(view, AP_SECTION_ORIGINS, number, origin);
	return origin;
}

ap_image_member ap_view_member(ap_view *view, uint32_t number)
{
	ap_image_member member;

	COPY_RECORD(view, AP_SECTION_MEMBERS, number, member);
	return member;
}

uint32_t ap_view_find_member(ap_view *view, const char *key, size_t length)
{
	uint32_t n = ap_image_count(view->image, AP_SECTION_MEMBERS), tried;
	uint64_t hash = ap_image_hash(key, length);

	for (tried = 0; tried < n; tried++) {
		uint32_t slot = (uint32_t)((hash + tried) & (n - 1));
		ap_image_member member = ap_view_member(view, slot);
		const char *text;

		if (member.key == 0)
			return AP_NONE;
		if (member.hash != (uint32_t)(hash >> 32))
			continue;
		text = ap_view_string(view, member.key);
		if (strncmp(text, key, length) == 0 && text[length] == '\0')
			return slot;
	}
	return AP_NONE;
}

/* The span's first record, or NULL with the view marked where not all of them are in the section. */
static const uint8_t *span_at(ap_view *view, ap_section section, ap_span span, size_t size)
{
	uint32_t n = view->image->counts[section];

	if (span.start > n || span.n > n - span.start) {
		view->sound = false;
		return NULL;
	}
	return view->image->records[section] + (size_t)span.start * size;
}

bool ap_view_span_holds(ap_view *view, ap_span span, uint32_t value)
{
	const uint8_t *at = span_at(view, AP_SECTION_POOL, span, sizeof(uint32_t));
	uint32_t low = 0, high = at != NULL ? span.n : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2, found;

		memcpy(&found, at + (size_t)middle * sizeof(found), sizeof(found));
		if (found == value)
			return true;
		if (found < value)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

uint32_t ap_view_find_policy(ap_view *view, const char *name)
{
	uint32_t n = ap_image_count(view->image, AP_SECTION_POLICIES), i;

	for (i = 0; i < n; i++)
		if (strcmp(ap_view_string(view, ap_view_policy(view, i).name), name) == 0)
			return i;
	return AP_NONE;
}

uint32_t ap_view_find_client(ap_view *view, const char *name)
{
	uint32_t n = ap_image_count(view->image, AP_SECTION_CLIENTS), i;

	for (i = 0; i < n; i++)
		if (strcmp(ap_view_string(view, ap_view_client(view, i).name), name) == 0)
			return i;
	return AP_NONE;
}

static uint32_t to_number(const uint8_t bytes[4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void to_bytes(uint32_t number, uint8_t bytes[4])
{
	bytes[0] = (uint8_t)(number >> 24);
	bytes[1] = (uint8_t)(number >> 16);
	bytes[2] = (uint8_t)(number >> 8);
	bytes[3] = (uint8_t)number;
}

static bool find_range4(ap_view *view, ap_span span, uint32_t address, ap_range *ret_range, uint32_t *ret_origin)
{
	const uint8_t *at = span_at(view, AP_SECTION_RANGES4, span, sizeof(ap_image_range4));
	uint32_t low = 0, high = at != NULL ? span.n : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		ap_image_range4 range;

		memcpy(&range, at + (size_t)middle * sizeof(range), sizeof(range));
		if (address < range.first) {
			high = middle;
		} else if (address > range.last) {
			low = middle + 1;
		} else {
			memset(ret_range, 0, sizeof(*ret_range));
			ret_range->family = AP_ADDRESS_IPV4;
			to_bytes(range.first, ret_range->first);
			to_bytes(range.last, ret_range->last);
			*ret_origin = range.origin;
			return true;
		}
	}
	return false;
}

static bool find_range6(ap_view *view, ap_span span, const uint8_t address[16], ap_range *ret_range,
			uint32_t *ret_origin)
{
	const uint8_t *at = span_at(view, AP_SECTION_RANGES6, span, sizeof(ap_image_range6));
	uint32_t low = 0, high = at != NULL ? span.n : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		ap_image_range6 range;

		memcpy(&range, at + (size_t)middle * sizeof(range), sizeof(range));
		if (memcmp(address, range.first, 16) < 0) {
			high = middle;
		} else if (memcmp(address, range.last, 16) > 0) {
			low = middle + 1;
		} else {
			ret_range->family = AP_ADDRESS_IPV6;
			memcpy(ret_range->first, range.first, 16);
			memcpy(ret_range->last, range.last, 16);
			*ret_origin = range.origin;
			return true;
		}
	}
	return false;
}

bool ap_view_find_range(ap_view *view, const ap_image_net *net, const ap_address *address, ap_range *ret_range,
			uint32_t *ret_origin)
{
	if (address->family == AP_ADDRESS_IPV4)
		return find_range4(view, net->ranges4, to_number(address->bytes), ret_range, ret_origin);
	if (address->family == AP_ADDRESS_IPV6)
		return find_range6(view, net->ranges6, address->bytes, ret_range, ret_origin);
	return false;
}
