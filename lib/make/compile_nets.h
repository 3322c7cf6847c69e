/*
 * compile_nets.h - from where: the sets of addresses that entries and regions come to. A part of compile.c.
 *
 * A set is prepared first, so that its size is known, and written when its first user is. Sets that are written
 * alike are one.
 */
#ifndef AP_COMPILE_NETS_H
#define AP_COMPILE_NETS_H

#include "compile_ranges.h"
#include "names.h"
#include "policyset.h"

typedef struct {
	ap_image_net net; /* as it is written; its places as far as they are known */
	ap_interval *intervals[AP_N_FAMILIES];
	size_t n[AP_N_FAMILIES];
	size_t room;       /* for either, at most */
	uint32_t *regions; /* numbers, ascending */
	size_t n_regions;
	uint32_t place; /* 0: not written yet */
} ap_prepared_net;

typedef struct {
	const ap_policy_set *set;
	ap_builder *image;
	struct ap_net_origin *origins; /* by number */
	size_t n_origins;
	size_t *networks_counted; /* as the next, in counting */
	size_t *networks_seen;    /* by network: the net, counted from 1, that last took it in */
	ap_names *numbers; /* the entries and regions as written, to the number of the net that was made of them */
	ap_prepared_net **nets;
	size_t n_nets;
} ap_net_compiler;

/* All is borrowed, and what is made lives in the image's arena. */
void ap_net_compiler_init(ap_net_compiler *c, const ap_policy_set *set, ap_builder *image);

/* NULL where neither IP entries nor regions are listed. */
ap_prepared_net *ap_prepare_net(ap_net_compiler *c, const ap_entries *entries, const ap_list *regions);

/* What ap_write_net writes at once; 0 for NULL and what is written already. */
uint64_t ap_net_bytes(const ap_prepared_net *net);

/* The net's place, or AP_NONE for NULL. Ranges that are many are left for the rest. */
uint32_t ap_write_net(ap_net_compiler *c, ap_prepared_net *net);

/* When all nets are written: the ranges that were left, and the origins. */
void ap_write_rest_of_nets(ap_net_compiler *c);

#endif
