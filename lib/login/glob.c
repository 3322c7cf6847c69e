#include "glob.h"

#include <stddef.h>

bool ap_glob_match(const char *pattern, const char *text)
{
	const char *star = NULL;   /* the last * that was passed */
	const char *resume = NULL; /* where the text goes on once that * has taken one byte more */

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == '?' || (*pattern != '\0' && *pattern == *text)) {
			pattern++;
			text++;
		} else if (star != NULL) {
			/* only the last * can need more: what stood before it fits already */
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
