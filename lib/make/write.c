#include "write.h"

#include <errno.h>
#include <unistd.h>

enum { WRITE_BYTES = 1024 * 1024 }; /* and then it is told how far it is */

bool ap_write_all(int fd, const void *bytes, size_t size, const ap_progress *progress)
{
	const char *from = bytes;
	size_t done = 0;

	while (done < size) {
		size_t part = size - done < WRITE_BYTES ? size - done : WRITE_BYTES;
		ssize_t n = write(fd, from + done, part);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		done += (size_t)n;
		ap_progress_tell(progress, "writing", "", done, size);
	}
	return true;
}
