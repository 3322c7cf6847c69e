/* compile_nets.h - from where: the sets of addresses that entries and regions come to. A part of compile.c. */
#ifndef AP_COMPILE_NETS_H
#define AP_COMPILE_NETS_H

#include "builder.h"
#include "names.h"
#include "policyset.h"

typedef struct {
	const ap_policy_set *set;
	ap_builder *image;
	size_t *networks_seen; /* by network: the net, counted from 1, that last took it in */
	ap_names *nets;        /* the entries and regions as written, to the number of the net that was made of them */
} ap_net_compiler;

/* All is borrowed, and what is made lives in the image's arena. */
void ap_net_compiler_init(ap_net_compiler *c, const ap_policy_set *set, ap_builder *image);

/* The net's number, or AP_NONE where neither IP entries nor regions are listed. */
uint32_t ap_compile_net(ap_net_compiler *c, const ap_entries *entries, const ap_list *regions);

#endif
