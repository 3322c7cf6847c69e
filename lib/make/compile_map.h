/* compile_map.h - where addresses are, written into an image. A part of compile.c. */
#ifndef AP_COMPILE_MAP_H
#define AP_COMPILE_MAP_H

#include "builder.h"
#include "policyset.h"

/* What a login reads first to find a location: the topmost samples, and the aliases. */
void ap_map_write_front(const ap_policy_set *set, ap_builder *image);

/* The ranges, locations and regions, and what database they are from. */
void ap_map_write_rest(const ap_policy_set *set, ap_builder *image);

#endif
