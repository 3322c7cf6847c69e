/* The rules of access.conf as policies. */
#include "import_access.h"

void ap_import_access_conf(const ap_import_source *source, ap_import *import)
{
	ap_access access = { .source = source, .arena = source->arena, .import = import };

	ap_access_read_lines(&access);
	import->n_rules = access.n_rules;
	for (size_t i = 0; i < access.n_rules; i++)
		ap_import_add_note(source->arena, import, AP_IMPORT_ERROR, access.rules[i].line, access.rules[i].text,
				   "the importer of access.conf is in the making");
}
