/* From a text in libconfig's syntax to its settings, each with the line that it was written in. */
#include "reader.h"

#include <string.h>

typedef enum { ATTACHED, READ_OTHERWISE, NO_MEMORY } attachment;

/* libconfig goes on where a copy of a text failed, and leaves NULL in its place. */
static bool lacks_text(const config_setting_t *setting)
{
	const config_setting_t *parent = config_setting_parent(setting);

	if (config_setting_type(setting) == CONFIG_TYPE_STRING && config_setting_get_string(setting) == NULL)
		return true;
	return parent != NULL && config_setting_is_group(parent) && config_setting_name(setting) == NULL;
}

/* Gives each setting of libconfig's tree what the check of the raw text saw of it. */
static attachment attach_values(config_setting_t *setting, ap_raw_value *values, size_t n_values, size_t *next)
{
	static const ap_value_kind kinds[] = {
		[CONFIG_TYPE_GROUP] = AP_VALUE_GROUP,  [CONFIG_TYPE_INT] = AP_VALUE_INTEGER,
		[CONFIG_TYPE_FLOAT] = AP_VALUE_FLOAT,  [CONFIG_TYPE_STRING] = AP_VALUE_STRING,
		[CONFIG_TYPE_BOOL] = AP_VALUE_BOOLEAN, [CONFIG_TYPE_ARRAY] = AP_VALUE_ARRAY,
		[CONFIG_TYPE_LIST] = AP_VALUE_LIST,
	};
	int type = config_setting_type(setting);

	if (!config_setting_is_root(setting)) {
		if (*next == n_values || type < 0 || (size_t)type >= sizeof(kinds) / sizeof(kinds[0]) ||
		    kinds[type] != values[*next].kind)
			return READ_OTHERWISE;
		if (lacks_text(setting))
			return NO_MEMORY;
		if (config_setting_is_aggregate(setting) &&
		    (size_t)config_setting_length(setting) != values[*next].n_elements)
			return READ_OTHERWISE;
		config_setting_set_hook(setting, &values[(*next)++]);
	}
	if (!config_setting_is_aggregate(setting))
		return ATTACHED;
	for (int i = 0; i < config_setting_length(setting); i++) {
		attachment result =
			attach_values(config_setting_get_elem(setting, (unsigned)i), values, n_values, next);

		if (result != ATTACHED)
			return result;
	}
	return ATTACHED;
}

static attachment attach_all(const config_t *config, ap_raw_value *values, size_t n_values)
{
	size_t next = 0;
	attachment result = attach_values(config_root_setting(config), values, n_values, &next);

	return result == ATTACHED && next != n_values ? READ_OTHERWISE : result;
}

static bool read_values(ap_reader *reader, const char *text, ap_raw_value *values, size_t n_values,
			ap_read_settings *read_root)
{
	config_t config;
	bool understood = false;
	attachment result;

	config_init(&config);
	if (config_read_string(&config, text) != CONFIG_TRUE) {
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, reader->file, (unsigned)config_error_line(&config),
				   "libconfig refuses the text: %s", config_error_text(&config));
	} else if ((result = attach_all(&config, values, n_values)) == NO_MEMORY) {
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, reader->file, 0,
				   "there was no memory to read the text");
	} else if (result != ATTACHED) {
		ap_diagnostics_add(reader->diagnostics, AP_ERROR, reader->file, 0,
				   "libconfig reads the text otherwise than it is written; write it in plainer syntax");
	} else {
		read_root(reader, config_root_setting(&config));
		understood = true;
	}
	config_destroy(&config);
	return understood;
}

bool ap_read_tree(ap_reader *reader, const char *text, size_t size, ap_read_settings *read_root)
{
	ap_arena *scratch = ap_arena_new();
	ap_raw_value *values;
	size_t n_values;
	bool understood = ap_rawtext_read(reader->file, text, size, reader->diagnostics, scratch, &values, &n_values) &&
			  read_values(reader, text, values, n_values, read_root);

	ap_arena_free(scratch);
	return understood;
}
