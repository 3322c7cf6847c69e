#include "image.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	FIRST_BLOCKS = 2, /* read at once with the head: most of what every login reads stands there */
	HOT_BLOCKS = 8,   /* at most */
	N_WINDOWS = 6,
	TEXT_CHUNK = 1024
};

/* One block of a file, in memory. */
typedef struct {
	uint32_t block; /* 0: none; block 0 is never in a window */
	uint8_t *bytes; /* AP_BLOCK_SIZE of them */
} window;

typedef struct text_chunk {
	struct text_chunk *next;
	size_t used, room;
	char bytes[];
} text_chunk;

/* What reading changes. */
typedef struct {
	uint8_t *front;   /* the image's first bytes, in one piece: all of it, or n_front of them */
	uint8_t *owned;   /* to be freed: what holds them, where the image's own room does not */
	uint32_t n_front; /* a multiple of AP_BLOCK_BYTES, or the image's size */
	window windows[N_WINDOWS];
	unsigned next_window;
	uint8_t *joined; /* what stands across two blocks */
	text_chunk *texts;
	char fault[192];
} store;

struct ap_image {
	ap_image_head head;
	int fd; /* -1: all of it is in memory */
	const uint8_t *
		sealed; /* borrowed: the blocks as they are stored; NULL: they were moved together, or are in the file */
	uint32_t seed;
	store *cache;
	char *name;
};

/* All of a file's reader is one allocation: a login makes as few as it can. */
typedef struct {
	ap_image image;
	store cache;
	uint8_t blocks[][AP_BLOCK_SIZE]; /* FIRST_BLOCKS and N_WINDOWS of them; none where all is in memory */
} reader;

uint64_t ap_image_hash(const char *name, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < length; i++) {
		hash ^= (uint8_t)name[i];
		hash *= 0x100000001b3u;
	}
	/* FNV's lower bits hardly depend on its last bytes, and a bucket is made of the lower bits */
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdu;
	hash ^= hash >> 33;
	return hash;
}

uint64_t ap_image_stored_size(const ap_image_head *head)
{
	return ap_block_count(head->size) * AP_BLOCK_SIZE;
}

/*
 * Blocks
 */

static void __attribute__((format(printf, 2, 3))) note_fault(store *s, const char *format, ...)
{
	va_list arguments;

	if (s->fault[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(s->fault, sizeof(s->fault), format, arguments);
	va_end(arguments);
}

/* Checks `n` blocks that stand one behind the other and moves their contents together; the first that is damaged, or n. */
static uint32_t unpack(uint32_t seed, uint32_t first, uint32_t n, uint8_t *bytes)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		const uint8_t *block = bytes + (size_t)i * AP_BLOCK_SIZE;
		ap_block_trailer trailer;

		memcpy(&trailer, block + AP_BLOCK_BYTES, sizeof(trailer));
		if (!ap_block_is_sound(seed, first + i, block, &trailer))
			break;
		if (i > 0)
			memmove(bytes + (size_t)i * AP_BLOCK_BYTES, block, AP_BLOCK_BYTES);
	}
	return i;
}

/* Reads `size` bytes at `offset`: false with what went wrong noted. A file is not read to its end unless it was cut. */
static bool read_at(store *s, int fd, uint8_t *bytes, size_t size, uint64_t offset)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = pread(fd, bytes + used, size - used, (off_t)(offset + used));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			note_fault(s, "block %llu cannot be read: %s", (unsigned long long)(offset / AP_BLOCK_SIZE),
				   strerror(errno));
		else if (n == 0)
			note_fault(s, "was cut short while it was read");
		if (n <= 0)
			return false;
		used += (size_t)n;
	}
	return true;
}

static bool read_blocks(const ap_image *image, uint32_t first, uint32_t n, uint8_t *bytes)
{
	uint32_t sound;

	if (!read_at(image->cache, image->fd, bytes, (size_t)n * AP_BLOCK_SIZE, (uint64_t)first * AP_BLOCK_SIZE))
		return false;
	sound = unpack(image->seed, first, n, bytes);
	if (sound < n)
		note_fault(image->cache, "block %u is damaged: its checksum does not fit", first + sound);
	return sound == n;
}

/* The contents of a block behind the front. */
static const uint8_t *window_of(const ap_image *image, uint32_t block)
{
	store *s = image->cache;
	window *w;
	unsigned i;

	if (image->sealed != NULL)
		return image->sealed + (size_t)block * AP_BLOCK_SIZE;
	for (i = 0; i < N_WINDOWS; i++)
		if (s->windows[i].block == block)
			return s->windows[i].bytes;
	w = &s->windows[s->next_window];
	s->next_window = (s->next_window + 1) % N_WINDOWS;
	w->block = 0;
	if (!read_blocks(image, block, 1, w->bytes))
		return NULL;
	w->block = block;
	return w->bytes;
}

/* Copies what stands across blocks. */
static bool copy_out(const ap_image *image, uint32_t place, size_t size, uint8_t *to)
{
	while (size > 0) {
		uint32_t within = place % AP_BLOCK_BYTES;
		size_t part = AP_BLOCK_BYTES - within < size ? AP_BLOCK_BYTES - within : size;
		const uint8_t *from = place < image->cache->n_front ? image->cache->front + place
								    : window_of(image, place / AP_BLOCK_BYTES);

		if (from == NULL)
			return false;
		memcpy(to, place < image->cache->n_front ? from : from + within, part);
		to += part;
		place += (uint32_t)part;
		size -= part;
	}
	return true;
}

static bool within_bounds(const ap_image *image, uint32_t place, uint64_t size)
{
	if (place <= image->head.size && size <= image->head.size - place)
		return true;
	note_fault(image->cache, "refers to something outside of it");
	return false;
}

const void *ap_image_bytes(const ap_image *image, uint32_t place, size_t size)
{
	store *s = image->cache;
	uint32_t within = place % AP_BLOCK_BYTES;
	const uint8_t *block;

	if (!within_bounds(image, place, size))
		return NULL;
	if (place + size <= s->n_front)
		return s->front + place;
	if (within + size <= AP_BLOCK_BYTES) {
		block = window_of(image, place / AP_BLOCK_BYTES);
		return block != NULL ? block + within : NULL;
	}
	if (size > AP_BLOCK_BYTES)
		return NULL;
	if (s->joined == NULL)
		s->joined = malloc(AP_BLOCK_BYTES);
	if (s->joined == NULL)
		note_fault(s, "there is no memory to read it");
	return s->joined != NULL && copy_out(image, place, size, s->joined) ? s->joined : NULL;
}

/*
 * Strings
 */

static char *room_for_text(store *s, size_t size)
{
	text_chunk *chunk = s->texts;
	size_t room = size > TEXT_CHUNK ? size : TEXT_CHUNK;
	char *text;

	if (chunk == NULL || chunk->room - chunk->used < size) {
		chunk = malloc(sizeof(*chunk) + room);
		if (chunk == NULL) {
			note_fault(s, "there is no memory to read it");
			return NULL;
		}
		*chunk = (text_chunk){ .next = s->texts, .room = room };
		s->texts = chunk;
	}
	text = chunk->bytes + chunk->used;
	chunk->used += size;
	return text;
}

const char *ap_image_string(const ap_image *image, uint32_t place)
{
	const void *at = ap_image_bytes(image, place, sizeof(uint32_t));
	uint32_t length;
	char *copy;
	const char *text;

	if (at == NULL)
		return NULL;
	memcpy(&length, at, sizeof(length));
	if (!within_bounds(image, place + (uint32_t)sizeof(length), (uint64_t)length + 1))
		return NULL;
	place += (uint32_t)sizeof(length);
	if ((uint64_t)place + length < image->cache->n_front) {
		text = (const char *)image->cache->front + place;
	} else {
		copy = room_for_text(image->cache, (size_t)length + 1);
		if (copy == NULL || !copy_out(image, place, (size_t)length + 1, (uint8_t *)copy))
			return NULL;
		text = copy;
	}
	if (text[length] != '\0') {
		note_fault(image->cache, "has a string that does not end");
		return NULL;
	}
	return text;
}

/*
 * Opening and closing
 */

static const char too_short[] = "is no policy image: it is shorter than the first block of one";

/* True if each table and dictionary says of itself that it has no more in it than the image has room for. */
static bool counts_fit(const ap_image_head *head)
{
	static const uint32_t record_bytes[AP_N_TABLES] = {
		[AP_TABLE_CLIENTS] = sizeof(ap_image_client), [AP_TABLE_HINTS] = sizeof(ap_image_hint),
		[AP_TABLE_GROUPS] = sizeof(ap_image_group),   [AP_TABLE_DEPARTMENTS] = sizeof(uint32_t),
		[AP_TABLE_MEMBERS] = sizeof(ap_image_member), [AP_TABLE_DOMAINS] = sizeof(uint32_t),
		[AP_TABLE_POLICIES] = sizeof(uint32_t),       [AP_TABLE_EXCEPTIONS] = sizeof(uint32_t),
		[AP_TABLE_ORIGINS] = sizeof(ap_image_origin), [AP_TABLE_SOURCES] = sizeof(ap_image_source),
		[AP_TABLE_REGIONS] = sizeof(ap_image_region), [AP_TABLE_LOCATIONS] = sizeof(ap_image_location),
		[AP_TABLE_ALIASES] = sizeof(ap_image_alias),  [AP_TABLE_DATABASES] = sizeof(ap_image_database),
	};
	const ap_dictionary *const dictionaries[] = { &head->members, &head->anywhere, &head->domains, &head->groups };
	size_t i;

	for (i = 0; i < AP_N_TABLES; i++)
		if (head->tables[i].n > head->size / record_bytes[i])
			return false;
	for (i = 0; i < sizeof(dictionaries) / sizeof(dictionaries[0]); i++)
		if ((uint64_t)dictionaries[i]->n_buckets * dictionaries[i]->bytes > head->size ||
		    dictionaries[i]->bytes > AP_BLOCK_BYTES)
			return false;
	return true;
}

/* An end that no trial could have had would keep a policy in force for good, or nobody knows what after it. */
static bool trial_is_possible(const ap_image_head *head)
{
	static const uint8_t none[AP_REVISION_BYTES];
	const ap_image_trial *trial = &head->trial;

	if (trial->ends == 0)
		return memcmp(trial->then, none, sizeof(none)) == 0;
	return trial->ends > head->made && (uint64_t)trial->ends - (uint64_t)head->made <= AP_TRIAL_SECONDS_MAX &&
	       memcmp(trial->then, head->revision, sizeof(none)) != 0;
}

static const char *head_fault(const ap_image_head *head, uint64_t stored)
{
	if (memcmp(head->magic, AP_IMAGE_MAGIC, sizeof(head->magic)) != 0)
		return "is no policy image";
	if (head->byte_order != AP_IMAGE_BYTE_ORDER)
		return "was written by a machine of another byte order; it must be made anew on this one";
	if (head->version != AP_IMAGE_VERSION)
		return "is of another format version; it must be made anew by the installed release";
	if (head->size < sizeof(*head) || ap_image_stored_size(head) != stored)
		return "is not as long as it says: it was cut short, or something was added";
	if (!counts_fit(head))
		return "says that it holds more than it has room for";
	if (!trial_is_possible(head))
		return "is damaged: what it says of a trial cannot be";
	return NULL;
}

static ap_image *new_image(const char *name, size_t n_blocks)
{
	size_t length = strlen(name) + 1, blocks = n_blocks * AP_BLOCK_SIZE;
	reader *r = malloc(sizeof(*r) + blocks + length);

	if (r == NULL)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->image.cache = &r->cache;
	r->image.fd = -1;
	r->image.name = (char *)r + sizeof(*r) + blocks;
	memcpy(r->image.name, name, length);
	return &r->image;
}

void ap_image_free(ap_image *image)
{
	if (image == NULL)
		return;
	while (image->cache->texts != NULL) {
		text_chunk *next = image->cache->texts->next;

		free(image->cache->texts);
		image->cache->texts = next;
	}
	free(image->cache->owned);
	free(image->cache->joined);
	if (image->fd >= 0)
		(void)close(image->fd);
	free(image);
}

/* Gives up an image in the making, which owns neither the bytes nor the descriptor yet. */
static ap_status refuse(ap_image *image, ap_error *error, const char *fault)
{
	ap_status status =
		ap_error_set(error, AP_ERR_DAMAGED, image->name, 0, "%s", fault != NULL ? fault : image->cache->fault);

	ap_image_free(image);
	return status;
}

static ap_status no_memory(const char *name, ap_error *error)
{
	return ap_error_set(error, AP_ERR_MEMORY, name, 0, "there is no memory for an image");
}

static const char *take_head(ap_image *image, const void *bytes, uint64_t stored)
{
	const char *fault;

	memcpy(&image->head, bytes, sizeof(image->head));
	fault = head_fault(&image->head, stored);
	image->seed = ap_block_seed(image->head.revision);
	return fault;
}

ap_status ap_image_open(const char *name, void *bytes, size_t size, ap_image **ret_image, ap_error *error)
{
	ap_image *image;
	const char *fault;
	uint32_t n, sound;

	if (size < AP_BLOCK_SIZE)
		return ap_error_set(error, AP_ERR_DAMAGED, name, 0, too_short);
	image = new_image(name, 0);
	if (image == NULL)
		return no_memory(name, error);
	fault = take_head(image, bytes, size);
	if (fault != NULL)
		return refuse(image, error, fault);
	n = (uint32_t)(size / AP_BLOCK_SIZE);
	sound = unpack(image->seed, 0, n, bytes);
	if (sound < n) {
		note_fault(image->cache, "block %u is damaged: its checksum does not fit", sound);
		return refuse(image, error, NULL);
	}
	image->cache->front = image->cache->owned = bytes;
	image->cache->n_front = image->head.size;
	*ret_image = image;
	return AP_OK;
}

ap_status ap_image_open_sealed(const char *name, const void *bytes, size_t size, ap_image **ret_image, ap_error *error)
{
	ap_image *image = new_image(name, 0);
	const char *fault;

	if (image == NULL)
		return no_memory(name, error);
	fault = size < AP_BLOCK_SIZE ? too_short : take_head(image, bytes, size);
	if (fault != NULL)
		return refuse(image, error, fault);
	image->sealed = bytes;
	*ret_image = image;
	return AP_OK;
}

/* The rest of what every login reads, where that is more than was read with the head. */
static bool read_front(ap_image *image, uint32_t n_read)
{
	store *s = image->cache;
	uint32_t n = (uint32_t)ap_block_count(image->head.hot);

	if (n > HOT_BLOCKS)
		n = HOT_BLOCKS;
	if (n > n_read) {
		uint8_t *larger = malloc((size_t)n * AP_BLOCK_SIZE);

		if (larger == NULL) {
			note_fault(s, "there is no memory to read it");
			return false;
		}
		memcpy(larger, s->front, (size_t)n_read * AP_BLOCK_BYTES);
		s->front = s->owned = larger;
		/* behind the first, whose contents stand together, without their trailers, already */
		if (!read_blocks(image, n_read, n - n_read, s->front + (size_t)n_read * AP_BLOCK_BYTES))
			return false;
		n_read = n;
	}
	s->n_front = n_read * AP_BLOCK_BYTES;
	if (s->n_front > image->head.size)
		s->n_front = image->head.size;
	return true;
}

/* Gives each block of the reader's room its use. */
static void lay_out(ap_image *image)
{
	reader *r = (reader *)image;
	unsigned i;

	r->cache.front = r->blocks[0];
	for (i = 0; i < N_WINDOWS; i++)
		r->cache.windows[i].bytes = r->blocks[FIRST_BLOCKS + i];
}

ap_status ap_image_open_file(const char *name, int fd, uint64_t size, ap_image **ret_image, ap_error *error)
{
	ap_image *image = NULL;
	const char *fault;
	uint32_t n = FIRST_BLOCKS, sound;

	if (size < AP_BLOCK_SIZE)
		return ap_error_set(error, AP_ERR_DAMAGED, name, 0, too_short);
	if (size < FIRST_BLOCKS * AP_BLOCK_SIZE)
		n = 1;
	image = new_image(name, FIRST_BLOCKS + N_WINDOWS);
	if (image == NULL)
		return no_memory(name, error);
	lay_out(image);
	if (!read_at(image->cache, fd, image->cache->front, (size_t)n * AP_BLOCK_SIZE, 0))
		return refuse(image, error, NULL);
	fault = take_head(image, image->cache->front, size);
	if (fault != NULL)
		return refuse(image, error, fault);
	sound = unpack(image->seed, 0, n, image->cache->front);
	if (sound < n) {
		note_fault(image->cache, "block %u is damaged: its checksum does not fit", sound);
		return refuse(image, error, NULL);
	}
	image->fd = fd;
	if (!read_front(image, n)) {
		image->fd = -1; /* it stays the caller's */
		return refuse(image, error, NULL);
	}
	*ret_image = image;
	return AP_OK;
}

const ap_image_head *ap_image_head_of(const ap_image *image)
{
	return &image->head;
}

bool ap_image_has_fault(const ap_image *image)
{
	return image->cache->fault[0] != '\0';
}

ap_status ap_image_damaged(const ap_image *image, ap_error *error)
{
	return ap_error_set(error, AP_ERR_DAMAGED, image->name, 0, "%s",
			    image->cache->fault[0] != '\0' ? image->cache->fault : "is damaged inside");
}

void ap_revision_format(const uint8_t revision[AP_REVISION_BYTES], char hex[AP_HEX_REVISION + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < AP_REVISION_BYTES; i++) {
		hex[2 * i] = digits[revision[i] >> 4];
		hex[2 * i + 1] = digits[revision[i] & 15];
	}
	hex[AP_HEX_REVISION] = '\0';
}
